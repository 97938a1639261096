//! The one table of codes. A code never changes its meaning and is never reused.
//!
//! Ranges: `E01xx` document and YAML, `E02xx` condition, field key and value grammar, `E03xx` names,
//! `E04xx` types and modifiers, `E05xx` platforms and mappings, `E06xx` correlations and what a
//! target cannot say, `E07xx` project, templates and files, `E08xx` events and tests,
//! `E09xx` certificates, lists, coverage and what `pivot` reads; `W…` warnings in the same ranges. Each
//! has a page in `docs/errors` and a rendered case in `tests/errors`.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is emitted for what it is about.
    Error,
    /// Worth a look; never stops an output.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct CodeEntry {
    /// The code as a value.
    pub code: Code,
    /// The code as users see it, such as `E0301`.
    pub id: &'static str,
    /// Its name, such as `unknown-field`.
    pub name: &'static str,
    /// One line: what it is.
    pub title: &'static str,
    /// Its page.
    pub page: &'static str,
}

macro_rules! codes {
    ($($variant:ident $id:literal $name:literal $title:literal;)*) => {
        /// What kind of finding it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $id, "` ", $title)] $variant,)*
        }

        /// All codes, in order.
        pub const CODES: &[CodeEntry] =
            &[$(CodeEntry {
                code: Code::$variant,
                id: $id,
                name: $name,
                title: $title,
                page: include_str!(concat!("../../docs/errors/", $id, ".md")),
            },)*];

        impl Code {
            /// The code as users see it, such as `E0301`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Its name, such as `unknown-field`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, in a line.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

/// The page about a code: what it means, an example, what to do (`docs/errors`).
#[must_use]
pub fn page(code: Code) -> &'static str {
    CODES.iter().find(|entry| entry.code == code).map_or("", |entry| entry.page)
}

impl Code {
    /// Errors stop an output, warnings do not.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id().starts_with('E') { Severity::Error } else { Severity::Warning }
    }

    /// Whether it names an approximation that a rule or a project may accept.
    #[must_use]
    pub fn is_approximation(self) -> bool {
        matches!(self, Self::FixedWindows | Self::SimultaneousEvents | Self::Estimates)
    }

    /// Whether it is a lint: a warning that a project may turn off. Approximations are accepted, not
    /// turned off.
    #[must_use]
    pub fn is_lint(self) -> bool {
        self.severity() == Severity::Warning && !self.is_approximation()
    }

    /// The code with this id or name, in any case.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        CODES
            .iter()
            .find(|entry| {
                entry.id.eq_ignore_ascii_case(text) || entry.name.eq_ignore_ascii_case(text)
            })
            .map(|entry| entry.code)
    }
}

codes! {
    // E01xx: documents and YAML
    YamlSyntax "E0101" "yaml-syntax" "the text is not YAML";
    YamlDuplicateKey "E0102" "duplicate-key" "a mapping has the same key twice";
    YamlTooDeep "E0103" "yaml-too-deep" "the document nests too deeply";
    YamlAlias "E0104" "yaml-alias" "anchors, aliases, merge keys and tags are not read";
    YamlTooManyDocuments "E0105" "too-many-documents" "a file holds too many documents";
    YamlTooLarge "E0106" "file-too-large" "a file or a document is too large";
    NotUtf8 "E0107" "not-utf8" "the file is not UTF-8 text";
    NotARule "E0108" "not-a-rule" "the document is neither a rule, a correlation nor a filter";
    MissingKey "E0109" "missing-key" "a required key is missing";
    WrongShape "E0110" "wrong-shape" "a value has another shape than the key asks for";
    EmptyValue "E0111" "empty-value" "a list, map or selection is empty";
    LegacyAction "E0112" "legacy-action" "`action` documents are not part of Sigma any more";
    UnknownPart "E0113" "unknown-part" "a key that decides what a rule means does not exist";
    // E02xx: conditions, field keys, values
    ConditionSyntax "E0201" "condition-syntax" "the condition does not parse";
    ConditionTooDeep "E0202" "condition-too-deep" "the condition nests too deeply";
    FieldKeySyntax "E0203" "field-key-syntax" "the field key does not parse";
    AggregationInCondition "E0204" "aggregation-in-condition" "a rule counts or correlates by itself";
    WeaveSyntax "E0205" "weave-syntax" "the Weave file does not parse";
    MissingColon "E0206" "missing-colon" "a field key lacks its colon and would be a word";
    // E03xx: names
    UnknownField "E0301" "unknown-field" "the log source has no such field";
    UnknownLogSource "E0302" "unknown-log-source" "there is no such log source";
    UnknownSelection "E0303" "unknown-selection" "the condition names a selection that is not there";
    UnknownModifier "E0304" "unknown-modifier" "there is no such modifier";
    UnknownRule "E0305" "unknown-rule" "no rule has this id or name";
    DuplicateRule "E0306" "duplicate-rule" "two rules have the same id or name";
    RuleCycle "E0307" "rule-cycle" "rules refer to each other in a circle";
    NothingMatches "E0308" "nothing-matches" "a pattern of selections matches no selection";
    UnknownCode "E0309" "unknown-code" "there is no such code to accept";
    FilterMismatch "E0310" "filter-mismatch" "a filter does not apply to a rule that it names";
    // E04xx: types and modifiers
    TypeMismatch "E0401" "type-mismatch" "a value does not fit the type of its field";
    OperatorType "E0402" "operator-type" "the operator makes no sense for the type of the field";
    ModifierConflict "E0403" "modifier-conflict" "modifiers that exclude each other or lack a value";
    BadRegex "E0404" "bad-regex" "the regular expression does not compile";
    BadCidr "E0405" "bad-cidr" "the value is not a network";
    BadNumber "E0406" "bad-number" "the value is not a number";
    TooManyAlternatives "E0407" "too-many-alternatives" "a list or an expansion has too many values";
    NoPlaceholderValues "E0408" "no-placeholder-values" "a placeholder has no values";
    ListNotKept "E0409" "list-not-kept" "a list cannot be asked where the rule goes";
    // E05xx: platforms and mappings
    UnknownPlatform "E0501" "unknown-platform" "there is no such platform";
    LogSourceNotHeld "E0502" "log-source-not-held" "the platform does not hold the log source";
    FieldNotHeld "E0503" "field-not-held" "the platform has no column for the field";
    PlatformSyntax "E0504" "platform-syntax" "a platform file is not well-formed";
    UnknownColumn "E0505" "unknown-column" "a mapping names a column that the table does not have";
    MappingType "E0506" "mapping-type" "a mapping has another type than its field";
    PlatformTarget "E0507" "platform-target" "the platform cannot be queried in this language";
    ColumnOperator "E0508" "column-operator" "the target cannot apply the operator to the column";
    KeywordsNotHeld "E0509" "keywords-not-held" "the platform cannot search a whole event for a word";
    OverlayPlatform "E0510" "overlay-platform" "an overlay is not for this platform";
    OverlayContradiction "E0511" "overlay-contradiction" "an overlay says two things that cannot both be";
    OverlayCircle "E0512" "overlay-circle" "overlays or their new names go round in a circle";
    OverlayNothing "E0513" "overlay-nothing" "an overlay changes what is not there";
    DumpKind "E0514" "dump-kind" "a schema dump is not of the kind that was said";
    DumpSize "E0515" "dump-size" "a table of a schema dump has too many columns";
    EventType "E0516" "event-type" "a sample event has another type than the platform says";
    PipelineItem "E0525" "pipeline-item" "an item of a pySigma pipeline is not imported";
    // E06xx: correlations and targets
    CorrelationShape "E0601" "correlation-shape" "the correlation lacks or contradicts something";
    NotExpressible "E0602" "not-expressible" "the target cannot express the construct exactly";
    BadTimespan "E0603" "bad-timespan" "the timespan does not parse or is out of range";
    KeyMissing "E0604" "key-missing" "an event does not carry the key of the correlation";
    RegexNotPortable "E0606" "regex-not-portable" "the target's regular expressions lack a construct";
    OverLimit "E0607" "over-limit" "the query would exceed a limit of the target";
    KeyTypes "E0608" "key-types" "keys of different types cannot be compared";
    NotInLanguage "E0610" "not-in-language" "the other language cannot say the construct";
    // E07xx: project, templates, files
    ProjectSyntax "E0701" "project-syntax" "sigweave.toml is not well-formed";
    ProjectKey "E0702" "project-key" "sigweave.toml has an unknown key";
    UnknownTarget "E0703" "unknown-target" "there is no such target";
    TemplateContract "E0704" "template-contract" "a template breaks its contract";
    FileUnreadable "E0705" "file-unreadable" "a file cannot be read or written";
    NothingToDo "E0706" "nothing-to-do" "no rule was found";
    UnknownEnvironment "E0707" "unknown-environment" "the project has no such environment";
    RefusalNotMet "E0708" "refusal-not-met" "a rule that the project lists as refused is taken";
    BadSchedule "E0710" "bad-schedule" "a schedule or a duration cannot be read";
    LookbackTooShort "E0711" "look-back" "a run cannot look back as far as the rule needs";
    ArtifactKey "E0712" "artifact-key" "a rule lacks something that an artifact needs";
    ArtifactLimit "E0713" "artifact-limit" "an artifact would exceed a limit of its product";
    UnknownFormat "E0714" "unknown-format" "an environment has no such format";
    OutputOutside "E0715" "output-outside" "outputs may not be written there";
    OutputForeign "E0716" "output-foreign" "something that is not Sigweave's is in the way of outputs";
    OutputLocked "E0717" "output-locked" "another build writes the outputs";
    OutputClash "E0718" "output-clash" "two rules are built to the same file";
    StaleOutput "E0719" "stale-output" "an output is not what the rule is built to";
    UnknownTemplate "E0720" "unknown-template" "there is no such template";
    TemplateSyntax "E0721" "template-syntax" "a template cannot be read";
    TemplateLimit "E0722" "template-limit" "a template is too long or takes too much work";
    UnknownParameter "E0723" "unknown-parameter" "an environment sets a parameter that nothing has";
    // E08xx: events and tests
    CaseFailed "E0801" "case-failed" "a case of a test file does not come out as it must";
    TestKey "E0802" "test-key" "a test file has an unknown key or base";
    // E09xx: certificates, lists, coverage
    ListSyntax "E0901" "list-syntax" "a CSV file is malformed";
    ListEntry "E0902" "list-entry" "an entry of a list does not fit its kind";
    BadCertificate "E0903" "bad-certificate" "a certificate cannot be read";
    IndicatorInput "E0904" "indicator-input" "a file for `pivot` holds what it does not know";
    CoverageInput "E0905" "coverage-input" "an analytic or a configuration for `coverage` cannot be read";
    // Warnings
    YamlAmbiguous "W0101" "yaml-ambiguous-scalar" "YAML 1.1 and 1.2 readers disagree about a scalar";
    UnknownKey "W0102" "unknown-key" "the specification has no such key";
    MissingId "W0103" "missing-id" "a rule has no id";
    IdForm "W0104" "id-form" "an id is no UUID";
    TitleStyle "W0105" "title-style" "a title is not written as titles are";
    DuplicateTitle "W0106" "duplicate-title" "two rules have the same title";
    DescriptionStyle "W0107" "description-style" "a description is missing or says next to nothing";
    DateForm "W0108" "date-form" "a date is none, or comes before another";
    MissingDate "W0109" "missing-date" "a rule has no date";
    UnknownStatus "W0110" "unknown-status" "there is no such status";
    MissingStatus "W0111" "missing-status" "a rule has no status";
    UnknownLevel "W0112" "unknown-level" "there is no such level";
    MissingLevel "W0113" "missing-level" "a rule has no level";
    DuplicateReference "W0114" "duplicate-reference" "a reference is given twice";
    ReferenceForm "W0115" "reference-form" "a reference will not lead where it should";
    FalsePositiveStyle "W0116" "false-positive-style" "false positives are missing or say nothing";
    DuplicateTag "W0117" "duplicate-tag" "a tag is given twice";
    TagForm "W0118" "tag-form" "a tag is not written as tags are";
    UnknownTagNamespace "W0119" "unknown-tag-namespace" "the specification has no such namespace of tags";
    UnknownAttackTag "W0120" "unknown-attack-tag" "ATT&CK has no such tactic or technique";
    TagValue "W0121" "tag-value" "a namespace of tags has no such value";
    FileName "W0122" "file-name" "a file's name is not as names of rule files are";
    DuplicateFileName "W0123" "duplicate-file-name" "two files have the same name";
    RelatedForm "W0124" "related-form" "an entry of `related` lacks something or is wrong";
    MissingAuthor "W0125" "missing-author" "a rule has no author";
    OtherTaxonomy "W0126" "other-taxonomy" "a rule names its fields by another taxonomy";
    FileNamePrefix "W0127" "file-name-prefix" "a file's name does not begin as those of its log source";
    UnknownLint "W0128" "unknown-lint" "there is no such lint to set or to allow";
    UnusedSelection "W0301" "unused-selection" "the condition does not use a selection";
    FilterIdle "W0302" "filter-idle" "a filter excludes nothing";
    AllOfThem "W0303" "all-of-them" "the condition takes all of whatever selections there are";
    ThemOfOne "W0304" "them-of-one" "a pattern of selections is there for one selection";
    SpecificLogSource "W0305" "specific-log-source" "event ids are asked for that have a category";
    RedundantEventId "W0306" "redundant-event-id" "a field is asked for that the category decides";
    AlwaysTrue "W0401" "always-true" "the test or the condition holds for every event";
    NeverTrue "W0402" "never-true" "the condition can never hold";
    NeverFound "W0403" "never-found" "no event holds such a value in the field";
    LiteralWildcard "W0404" "literal-wildcard" "an escaped wildcard stands in a path";
    DoubleWildcard "W0405" "double-wildcard" "two wildcards stand side by side";
    WildcardForModifier "W0406" "wildcard-for-modifier" "wildcards say what a modifier says";
    NumberAsText "W0407" "number-as-text" "a number is written as text";
    ControlCharacter "W0408" "control-character" "a value holds a control character";
    WildcardOnly "W0409" "wildcard-only" "a value is nothing but wildcards";
    PlainRegex "W0410" "plain-regex" "a regular expression is a plain text";
    DoubleBackslash "W0411" "double-backslash" "two backslashes mean one";
    DuplicateValue "W0412" "duplicate-value" "a list holds a value twice";
    CoveredValue "W0413" "covered-value" "a value of a list is covered by another";
    AllOfOneValue "W0414" "all-of-one-value" "`all` stands beside a single value";
    RegexEnds "W0415" "regex-ends" "a regular expression begins or ends with what it need not say";
    WindashWithoutDash "W0416" "windash-without-dash" "`windash` finds no dash to replace";
    EscapedWildcard "W0417" "escaped-wildcard" "a value holds an escaped wildcard";
    LocalizedName "W0418" "localized-name" "a name has another spelling on other systems";
    Unchecked "W0501" "unchecked-fields" "the platform has no schema: fields pass unchecked";
    DumpType "W0502" "dump-type" "a schema dump has a type that queries cannot compare";
    LogSourceOff "W0503" "log-source-off" "the log source is not collected by default";
    FieldNeverSeen "W0504" "field-never-seen" "no sample event has a field that the platform holds";
    TaintedEvidence "W0505" "tainted-evidence" "a rule requires what the host says after its trust was changed";
    MissingCounts "W0506" "missing-counts" "`not` of a field that can be missing holds without it";
    CountOnTheWay "W0601" "count-on-the-way" "a count that is small or exact holds on the way up";
    FilterWidens "W0602" "filter-widens" "a filter on an event under `not` makes the rule fire more";
    FixedWindows "W0603" "fixed-windows" "windows begin at fixed times instead of sliding";
    SimultaneousEvents "W0606" "simultaneous-events" "events of the same millisecond are not told apart";
    Estimates "W0608" "estimates" "a number of different values is estimated";
    SuppressionLost "W0701" "suppression-lost" "an artifact cannot hold back alerts as the rule says";
    ShortInterval "W0702" "short-interval" "a rule runs often in relation to its window";
    OutputEdited "W0703" "output-edited" "an output was changed by hand";
    Untested "W0801" "untested" "a rule has no case in which it fires, or none in which it stays silent";
    ExpiredEntry "W0901" "expired-entry" "an entry of a list is past its last day";
    UnboundedEntry "W0902" "unbounded-entry" "an entry of a list has no end or no bound";
    NameOnlyEntry "W0903" "name-only-entry" "an entry of a list allows a name without a folder";
    UserWritableEntry "W0904" "user-writable-entry" "an entry of a list allows a folder that everyone writes to";
    UnownedEntry "W0905" "unowned-entry" "an entry of a list lacks a reason or an owner";
}
