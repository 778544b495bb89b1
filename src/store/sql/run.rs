//! Running a statement, and reading its rows.

use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;

use super::dialect::{ConnectionOf, Dialect};
use super::statement::{Statement, Values};

/// All rows of a statement, each as `map` reads it.
pub async fn fetch_all<D: Dialect, T>(
    mut connection: PoolConnection<D>,
    statement: Statement,
    values: Values<'_>,
    map: impl Fn(&D::Row) -> Result<T, sqlx::Error> + Send,
) -> Result<Vec<T>, sqlx::Error>
where
    T: Send,
{
    rows_of::<D, T>(&mut connection, statement, values, map).await
}

/// Likewise, on a connection of the caller's.
pub async fn rows_of<D: Dialect, T: Send>(
    connection: &mut ConnectionOf<D>,
    statement: Statement,
    values: Values<'_>,
    map: impl Fn(&D::Row) -> Result<T, sqlx::Error> + Send,
) -> Result<Vec<T>, sqlx::Error> {
    let arguments = statement.arguments(&values)?;
    let mut rows = D::fetch(connection, statement.text(), arguments);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(map(&row)?);
    }
    Ok(all)
}

/// The first row of a statement, if there is one.
pub async fn fetch_optional<D: Dialect>(
    connection: &mut ConnectionOf<D>,
    statement: Statement,
    values: Values<'_>,
) -> Result<Option<D::Row>, sqlx::Error> {
    D::fetch_optional(connection, statement.text(), statement.arguments(&values)?).await
}

/// The only row of a statement.
pub async fn fetch_one<D: Dialect>(
    connection: &mut ConnectionOf<D>,
    statement: Statement,
    values: Values<'_>,
) -> Result<D::Row, sqlx::Error> {
    fetch_optional::<D>(connection, statement, values).await?.ok_or(sqlx::Error::RowNotFound)
}
