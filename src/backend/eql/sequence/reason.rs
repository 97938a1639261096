//! Why a condition is no set of sequences, and what works instead; in what a sequence is less than
//! the condition, if the author accepts that.
//!
//! Each [`Reason`] names the construct, EQL, and a way out. A [`Loss`] is a reason, too, unless its
//! code is accepted.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Why a condition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason {
    code: Code,
    message: &'static str,
    help: &'static str,
}

impl Reason {
    const fn new(message: &'static str, help: &'static str) -> Self {
        Self { code: Code::NotExpressible, message, help }
    }

    /// As a diagnostic of the rule.
    pub(super) fn refusal(self, rule: Span) -> Diagnostic {
        Diagnostic::new(self.code, rule, self.message).help(self.help)
    }
}

pub(super) const TOO_MANY: Reason = Reason::new(
    "EQL knows events in an order only, and these may come in more orders than 16 queries can say",
    "three events in any order work; say the order with `then`, or keep this rule to `splunk` and \
     `kql`",
);

pub(super) const AGGREGATE: Reason = Reason::new(
    "EQL cannot compute with the values of several events",
    "keep this rule to `splunk` and `kql`",
);

pub(super) const WITHIN_IN_A_LONG_ORDER: Reason = Reason::new(
    "EQL has one `maxspan` from the first to the last event, and none for a step of a longer order",
    "`within` works in an order of two events; or keep this rule to `splunk` and `kql`",
);

pub(super) const NOT_EARLY_IN_AN_ORDER: Reason = Reason::new(
    "EQL looks only at the last events before each step: with `not` before a step that is not the \
     last it misses orders",
    "put `not` before the last step; or keep this rule to `splunk` and `kql`",
);

pub(super) const NEGATED: Reason = Reason::new(
    "EQL cannot tell that an order, a score or an absence does not hold",
    "write `not` before single events; or keep this rule to `splunk` and `kql`",
);

pub(super) const SMALL_NUMBER: Reason = Reason::new(
    "EQL cannot tell that there are only few events: it counts upwards",
    "ask for a number with `>=`; or keep this rule to `splunk` and `kql`",
);

pub(super) const NUMBER_BESIDE_OTHERS: Reason = Reason::new(
    "EQL cannot tell that a number is not exceeded when other events come or are absent",
    "ask for the number with `>=`, or for nothing else; or keep this rule to `splunk` and `kql`",
);

pub(super) const LARGE_NUMBER: Reason = Reason {
    code: Code::OverLimit,
    message: "Elasticsearch counts up to 100 events in a sequence",
    help: "ask for 100 or less; or keep this rule to `splunk` and `kql`",
};

pub(super) const ALWAYS: Reason =
    Reason::new("EQL reports events, and a count of 0 or more always holds", "ask for `>= 1`");

pub(super) const NEVER: Reason =
    Reason::new("EQL reports events, and no number of events passes this", "ask for `>= 1`");

pub(super) const SCORE: Reason = Reason::new(
    "EQL cannot add up weights: a score is spelled out for up to 10 events, none of negative weight",
    "use fewer events; or keep this rule to `splunk` and `kql`",
);

pub(super) const NOTHING_OCCURS: Reason =
    Reason::new("EQL reports events, and nothing has to occur here", "name an event without `not`");

pub(super) const TWO_LIMITS: Reason = Reason::new(
    "EQL has one `maxspan` and one order for a whole sequence, but here only a part of the events \
     is bound by `within` or `not`",
    "leave these out, or ask for nothing else; or keep this rule to `splunk` and `kql`",
);

pub(super) const SKEW: Reason = Reason::new(
    "EQL tolerates events out of order (`skew`) only where the whole condition is an order of two",
    "leave `skew` out, or shorten the order; or keep this rule to `splunk` and `kql`",
);

pub(super) const SEVERAL_AND_ABSENCE: Reason = Reason::new(
    "EQL looks only at the last events before each step: beside different events and an absence it \
     misses firings",
    "an absence works beside one kind of event; or keep this rule to `splunk` and `kql`",
);

pub(super) const ALTERNATIVES_AND_ABSENCE: Reason = Reason::new(
    "EQL looks for an absence when the event beside it comes, but this rule looks again when others \
     come",
    "make a rule of each alternative; or keep this rule to `splunk` and `kql`",
);

pub(super) const NOT_LOOKED_AT: Reason = Reason::new(
    "EQL reports an event that completes a number, but this rule does not look at events that are \
     counted under `not`",
    "write the opposite comparison without `not`; or keep this rule to `splunk` and `kql`",
);

pub(super) const SPANS_OF_ABSENCE: Reason = Reason::new(
    "EQL has one `maxspan` for a whole sequence, but here spans of time differ",
    "give all absences the same span, and none of their own beside a count; or keep this rule to \
     `splunk` and `kql`",
);

pub(super) const ABSENCE_ELSEWHERE: Reason = Reason::new(
    "EQL cannot look for an absence at one of several events",
    "ask for an absence at the firing; or keep this rule to `splunk` and `kql`",
);

pub(super) const AROUND: Reason = Reason::new(
    "EQL reports an event if an absence holds before it or after it, not only where both hold",
    "ask for the absence `before` or `after`; or keep this rule to `splunk` and `kql`",
);

pub(super) const NUMBER_AND_ABSENCE: Reason = Reason {
    code: Code::OverLimit,
    message: "EQL takes two steps for each event of a count beside an absence, too many for a count \
              above 20",
    help: "ask for 20 or less; or keep this rule to `splunk` and `kql`",
};

/// In what sequences differ from the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// Of simultaneous steps only those are found that come as Elasticsearch sorts them.
    Order,
    /// What is absent is not seen at the very time of another event.
    Absence,
    /// Simultaneous events may skip a number.
    Number,
}

impl Loss {
    /// The approximation that has to be accepted.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Order | Self::Absence | Self::Number => Code::SimultaneousEvents,
        }
    }

    /// As a comment in the query, behind the code.
    pub(super) fn note(self) -> &'static str {
        match self {
            Self::Order => {
                "events of the same millisecond follow each other as Elasticsearch sorts them"
            }
            Self::Absence => "what is absent is not seen at the very millisecond of another event",
            Self::Number => "events of the same millisecond may skip the number",
        }
    }

    /// Why the condition is refused if it is not accepted.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Order => Reason::new(
                "EQL puts events of the same millisecond into an order of its own, so it may miss an order \
                 of more than two events",
                "accept W0606 if that does not matter; or keep this rule to `splunk` and `kql`",
            ),
            Self::Absence => Reason::new(
                "EQL does not see the absence of an event at the very time of another",
                "accept W0606 if that does not matter; or keep this rule to `splunk` and `kql`",
            ),
            Self::Number => Reason::new(
                "EQL counts up to a number, but does not see that events of the same millisecond \
                 exceed it",
                "use `>=`, or accept W0606 if that does not matter; or keep this rule to `splunk` \
                 and `kql`",
            ),
        }
    }
}
