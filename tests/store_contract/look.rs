//! Looks into a database the way everybody can: through `Store::select`.

use super::*;

/// The rows of a `SELECT`.
pub(super) async fn rows(store: &Arc<dyn Store>, sql: &str) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    let mut sink = |columns: &Columns, row: &[Value]| {
        assert_eq!(columns.0.len(), row.len());
        rows.push(row.to_vec());
        true
    };
    store.select(sql, &mut sink).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
