//! Many new rows by `COPY` in its binary form: the server neither plans nor converts anything. It can pass
//! over no row that is there: the whole transaction fails then.
//!
//! The form: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use sqlx::postgres::PgConnection;

use crate::model::ids::CrawlId;
use crate::store::rows::LinkRow;
use crate::store::text::clean;

/// Number of rows from which on the second round trip pays off: `COPY` takes two.
pub(super) const LEAST_ROWS: usize = 256;

const LINKS: &str = "COPY links (crawl_id, from_id, to_id, anchor) FROM STDIN (FORMAT binary)";

/// Eleven bytes of signature, no flags, no extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of the number of a row's fields.
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// In place of a value's length.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Bytes of a row of `links` without its text.
const LINK: usize = 2 + 3 * 12 + 4;

/// Writes links that are new.
pub(super) async fn links(
    db: &mut PgConnection,
    crawl: CrawlId,
    rows: &[&LinkRow],
) -> Result<(), sqlx::Error> {
    let mut copy = db.copy_in_raw(LINKS).await?;
    copy.send(encoded(crawl, rows)).await?;
    copy.finish().await.map(drop)
}

fn encoded(crawl: CrawlId, rows: &[&LinkRow]) -> Vec<u8> {
    let texts: usize =
        rows.iter().filter_map(|link| link.anchor.as_ref()).map(|text| text.len()).sum();
    let mut bytes = Vec::with_capacity(HEADER.len() + rows.len() * LINK + texts + END.len());
    bytes.extend_from_slice(HEADER);
    for link in rows {
        bytes.extend_from_slice(&4_i16.to_be_bytes());
        for number in [crawl, link.from, link.to] {
            bytes.extend_from_slice(&8_i32.to_be_bytes());
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        match link.anchor.as_deref().map(clean) {
            Some(text) => {
                bytes.extend_from_slice(&(text.len() as i32).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            None => bytes.extend_from_slice(&NULL),
        }
    }
    bytes.extend_from_slice(&END);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_encoded_as_the_server_reads_them() {
        let rows = [
            LinkRow { from: 1, to: 2, anchor: Some("a\0\u{e9}".into()) },
            LinkRow { from: 3, to: -4, anchor: None },
        ];
        let bytes = encoded(7, &rows.each_ref());
        let one = |n: i64| [&[0, 0, 0, 8][..], &n.to_be_bytes()].concat();
        let text = clean("a\0\u{e9}");
        let expected = [
            &b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..],
            &[0, 4],
            &one(7),
            &one(1),
            &one(2),
            &[0, 0, 0, text.len() as u8],
            text.as_bytes(),
            &[0, 4],
            &one(7),
            &one(3),
            &one(-4),
            &[0xff; 4],
            &[0xff; 2],
        ];
        assert_eq!(bytes, expected.concat());
    }
}
