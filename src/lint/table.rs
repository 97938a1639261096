//! The one table of lints: what each is about, how loudly it speaks unless told otherwise, and by
//! which names sigma-cli's validators know it.

use crate::diagnostic::{Code, Level};

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Lint {
    /// Its code, which holds its name.
    pub code: Code,
    /// When it speaks.
    pub when: When,
    /// Whether `check --fix` mends what it finds, at least in simple cases.
    pub fixed: bool,
    /// The validators of sigma-cli, and of its plugin for SigmaHQ, that look for the same.
    pub validators: &'static [&'static str],
}

/// When a lint speaks, unless the project says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always: it finds mistakes.
    Always,
    /// With `check --strict`: it finds what a style guide objects to.
    Strict,
}

impl Lint {
    /// How loudly it speaks if nothing else is said.
    #[must_use]
    pub fn level(&self, strict: bool) -> Level {
        match self.when {
            When::Always => Level::Warn,
            When::Strict if strict => Level::Warn,
            When::Strict => Level::Off,
        }
    }
}

/// The lint that a code is: every warning is one, but not the approximations, which are accepted,
/// not silenced.
#[must_use]
pub fn find(code: Code) -> Option<Lint> {
    if !code.is_lint() {
        return None;
    }
    let listed = LINTS.iter().find(|lint| lint.code == code).copied();
    Some(listed.unwrap_or(Lint { code, when: When::Always, fixed: false, validators: &[] }))
}

/// Validators whose findings are errors here, which no setting turns off.
pub const ALWAYS_CHECKED: &[(&str, Code)] = &[
    ("dangling_condition", Code::UnknownSelection),
    ("fieldname_logsource", Code::UnknownField),
    ("identifier_uniqueness", Code::DuplicateRule),
    ("invalid_modifier_combinations", Code::ModifierConflict),
    ("sigmahq_correlation_rules_minimum", Code::CorrelationShape),
    ("sigmahq_fieldname_cast", Code::UnknownField),
    ("sigmahq_invalid_fieldname", Code::UnknownField),
    ("sigmahq_logsource_unknown", Code::UnknownLogSource),
    ("sigmahq_missing_asterisk_condition", Code::ConditionSyntax),
    ("sigmahq_space_field_name", Code::FieldKeySyntax),
    ("sigmahq_unknown_field", Code::UnknownField),
    ("sigmahq_unsupported_regex_group_construct", Code::BadRegex),
];

macro_rules! lints {
    ($($code:ident $when:ident $fixed:ident [$($validator:literal)*];)*) => {
        /// The lints of which there is more to say, in the order of their codes.
        pub const LINTS: &[Lint] = &[$(Lint {
            code: Code::$code,
            when: When::$when,
            fixed: lints!(@fixed $fixed),
            validators: &[$($validator),*],
        },)*];
    };
    (@fixed fixed) => { true };
    (@fixed found) => { false };
}

lints! {
    YamlAmbiguous Always fixed [];
    UnknownKey Always found ["custom_attributes"];
    MissingId Strict found ["identifier_existence"];
    TitleStyle Strict found ["sigmahq_title_end" "sigmahq_title_length" "sigmahq_title_start" "sigmahq_title_case"];
    DuplicateTitle Strict found ["duplicate_title"];
    DescriptionStyle Strict found ["sigmahq_description_existence" "sigmahq_description_length" "sigmahq_link_in_description"];
    DateForm Always fixed ["sigmahq_modified_date_order" "sigmahq_modified_without_date" "sigmahq_redundant_modified"];
    MissingDate Strict found ["sigmahq_date_existence"];
    UnknownStatus Always fixed ["sigmahq_status"];
    MissingStatus Strict found ["sigmahq_status_existence"];
    UnknownLevel Always fixed [];
    MissingLevel Strict found ["sigmahq_level_existence"];
    DuplicateReference Strict fixed ["duplicate_references"];
    ReferenceForm Strict found ["sigmahq_github_link" "sigmahq_mitre_link"];
    FalsePositiveStyle Strict fixed ["sigmahq_falsepositives_banned_word" "sigmahq_falsepositives_capital" "sigmahq_falsepositives_typo_word"];
    DuplicateTag Always fixed ["duplicate_tag"];
    TagForm Always fixed ["tag_format"];
    UnknownTagNamespace Strict found ["namespace_tag"];
    UnknownAttackTag Always found ["attacktag"];
    TagValue Always found ["cartag" "cvetag" "d3_fendtag" "detection_tag" "stptag" "tlptag" "tlpv1_tag" "tlpv2_tag" "sigmahq_tags_tlp" "sigmahq_tags_unique_tlp" "sigmahq_tags_unique_detection"];
    FileName Strict found ["filename_length" "sigmahq_filename_convention" "sigmahq_correlation_filename_prefix"];
    DuplicateFileName Strict found ["duplicate_filename"];
    MissingAuthor Strict found ["sigmahq_author_existence"];
    FileNamePrefix Strict found ["sigmahq_filename_prefix"];
    UnusedSelection Always found ["dangling_detection"];
    AllOfThem Strict found ["all_of_them_condition"];
    ThemOfOne Strict found ["them_condition_with_single_detection" "sigmahq_ofthem_condition" "sigmahq_ofselection_condition"];
    SpecificLogSource Always found ["specific_instead_of_generic_logsource"];
    RedundantEventId Strict found ["sigmahq_category_event_id" "sigmahq_category_windows_provider_name" "sigmahq_redundant_field"];
    NeverFound Always found ["sigmahq_invalid_hash_kv"];
    LiteralWildcard Always found ["escaped_wildcard"];
    DoubleWildcard Always fixed ["double_wildcard"];
    WildcardForModifier Strict fixed ["wildcards_instead_of_modifiers"];
    NumberAsText Strict fixed ["number_as_string"];
    ControlCharacter Always found ["control_character"];
    WildcardOnly Strict found [];
    PlainRegex Strict found [];
    DoubleBackslash Strict found [];
    DuplicateValue Always fixed ["sigmahq_field_duplicate_value"];
    CoveredValue Strict found [];
    AllOfOneValue Always fixed ["sigmahq_invalid_all_modifier"];
    RegexEnds Strict fixed [];
    EscapedWildcard Strict found ["escaped_wildcard"];
    LocalizedName Strict found ["sigmahq_field_user"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_warnings_and_stand_in_order() {
        assert!(LINTS.iter().all(|lint| find(lint.code).is_some()));
        assert!(LINTS.is_sorted_by(|a, b| a.code < b.code));
        assert!(find(Code::UnknownField).is_none() && find(Code::SimultaneousEvents).is_none());
    }
}
