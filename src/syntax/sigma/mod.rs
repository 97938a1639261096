//! Sigma's YAML → AST: documents, field keys, conditions, value strings.
