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

/// The one row there is, by names of columns.
pub(super) async fn only_row(store: &Arc<dyn Store>, sql: &str) -> HashMap<String, Value> {
    let mut found = Vec::new();
    let mut sink = |columns: &Columns, row: &[Value]| {
        found.push(columns.0.iter().cloned().zip(row.iter().cloned()).collect());
        true
    };
    store.select(sql, &mut sink).await.unwrap();
    assert_eq!(found.len(), 1, "{sql}");
    found.remove(0)
}

pub(super) fn named<const N: usize>(columns: [(&str, Value); N]) -> HashMap<String, Value> {
    columns.map(|(name, value)| (name.to_owned(), value)).into()
}

pub(super) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
