//! The formats of outputs, by the names that projects give them.

/// What is written per rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The queries as they are.
    Query,
    /// A query per place that a rule reads, which shows whether its telemetry arrives.
    Probe,
    /// An app folder of Splunk with scheduled searches.
    SavedSearches,
    /// Detections of Splunk's contentctl.
    Contentctl,
    /// Analytics rules of Microsoft Sentinel.
    SentinelYaml,
    /// The same as ARM templates.
    SentinelArm,
    /// Custom detections of Microsoft Defender XDR, as Microsoft Graph takes them.
    Defender,
    /// Rules of Elastic's detection-rules repository.
    ElasticToml,
    /// Rules for Kibana's import.
    KibanaNdjson,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Query,
        Self::Probe,
        Self::SavedSearches,
        Self::Contentctl,
        Self::SentinelYaml,
        Self::SentinelArm,
        Self::Defender,
        Self::ElasticToml,
        Self::KibanaNdjson,
    ];

    /// Its name in `sigweave.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Probe => "probe",
            Self::SavedSearches => "savedsearches",
            Self::Contentctl => "contentctl",
            Self::SentinelYaml => "sentinel-yaml",
            Self::SentinelArm => "sentinel-arm",
            Self::Defender => "defender",
            Self::ElasticToml => "elastic-toml",
            Self::KibanaNdjson => "kibana-ndjson",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether queries of this target on this platform can be put into it.
    #[must_use]
    pub fn fits(self, target: &str, platform: &str) -> bool {
        let xdr = platform == "defender-xdr";
        match self {
            Self::Query | Self::Probe => true,
            Self::SavedSearches | Self::Contentctl => target == "splunk",
            Self::SentinelYaml | Self::SentinelArm => target == "kql" && !xdr,
            Self::Defender => target == "kql" && (xdr || !platform.starts_with("sentinel")),
            Self::ElasticToml | Self::KibanaNdjson => matches!(target, "eql" | "esql"),
        }
    }

    /// Whether its rules run by themselves, so that they carry a report range.
    #[must_use]
    pub fn is_scheduled(self) -> bool {
        match self {
            Self::Query | Self::Probe => false,
            Self::SavedSearches
            | Self::Contentctl
            | Self::SentinelYaml
            | Self::SentinelArm
            | Self::Defender
            | Self::ElasticToml
            | Self::KibanaNdjson => true,
        }
    }

    /// Whether all rules of an environment share files.
    #[must_use]
    pub fn is_shared(self) -> bool {
        matches!(self, Self::SavedSearches | Self::KibanaNdjson)
    }

    /// How the names of query files end.
    pub(super) fn ending(target: &str) -> &'static str {
        match target {
            "splunk" => "spl",
            "kql" => "kql",
            "eql" => "eql",
            "esql" => "esql",
            _ => "txt",
        }
    }
}
