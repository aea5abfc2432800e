//! Tables of records.

use store::StoreError;
use store::postgres::PostgresRecords;
use store::records::{Committed, Expected, Records};

use super::{Database, NOW, put, write};
use crate::servers::Server;

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn gateways_that_start_at_once_make_the_tables_once() {
    let database = Database::start().await;
    let open = || PostgresRecords::open(&database.url()).unwrap();
    let [a, b, c, d] = [open(), open(), open(), open()];
    let (a, b, c, d) = tokio::join!(a.prepare(), b.prepare(), c.prepare(), d.prepare());
    assert_eq!([a, b, c, d], [Ok(()), Ok(()), Ok(()), Ok(())]);
}

#[tokio::test]
async fn connections_that_the_database_ends_are_made_again() {
    let database = Database::start().await;
    let records = PostgresRecords::open(&database.url()).unwrap();
    let user = |id: u32| put("user", &id.to_string(), Expected::Absent, "{}");
    let client = connect(&database.url()).await;
    for round in 0..5 {
        let several = async |first: u32| write(&records, vec![user(first), user(first + 1)]).await;
        tokio::join!(several(round * 10), several(round * 10 + 2), several(round * 10 + 4));
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE application_name = 'doorward' AND datname = current_database()";
        assert!(client.query(end, &[]).await.unwrap().len() > 1);
    }
    assert_eq!(records.list("user", "", 99, NOW).await.unwrap().len(), 30);
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_and_left_as_they_are() {
    let database = Database::start().await;
    let records = PostgresRecords::open(&database.url()).unwrap();
    write(&records, vec![put("user", "a", Expected::Absent, "{}")]).await;
    let client = connect(&database.url()).await;
    client.batch_execute("UPDATE doorward_records_format SET format = 99").await.unwrap();
    let later = PostgresRecords::open(&database.url()).unwrap();
    let commit = later.commit(vec![put("user", "a", Expected::Any, "new")], NOW).await.map(|_| ());
    for refused in [later.prepare().await, commit] {
        let Err(StoreError::Unusable(reason)) = refused else { panic!("{refused:?}") };
        assert!(reason.contains("127.0.0.1/records"), "{reason}");
        let mend = "its tables have format 99, and this program reads formats up to 1; run the newer program";
        assert!(reason.contains(mend), "{reason}");
    }
    let found = client.query_one("SELECT value FROM doorward_records", &[]).await.unwrap();
    assert_eq!(found.get::<_, String>(0), "{}");
}

#[tokio::test]
async fn a_user_who_may_not_make_tables_uses_those_that_are_there() {
    let database = Database::start().await;
    PostgresRecords::open(&database.url()).unwrap().prepare().await.unwrap();
    let grants = "CREATE USER gate; GRANT SELECT, INSERT, UPDATE, DELETE ON doorward_records TO gate;
        GRANT SELECT ON doorward_records_format TO gate";
    connect(&database.url()).await.batch_execute(grants).await.unwrap();
    let records = PostgresRecords::open(&database.url().replace("doorward@", "gate@")).unwrap();
    write(&records, vec![put("user", "a", Expected::Absent, "{}")]).await;
    assert!(records.get("user", "a", NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_that_cannot_keep_every_text_is_refused() {
    let database = Database::start().await;
    let make = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    connect(&database.url()).await.batch_execute(make).await.unwrap();
    let records = PostgresRecords::open(&database.url().replace(&database.name, "latin")).unwrap();
    let Err(StoreError::Unusable(reason)) = records.prepare().await else { panic!("it is refused") };
    assert!(reason.contains("its encoding is LATIN1; make a database with ENCODING 'UTF8'"), "{reason}");
}

#[tokio::test]
async fn a_commit_that_waits_for_a_lock_too_long_is_an_error_and_does_not_happen() {
    let database = Database::start().await;
    let records = PostgresRecords::open(&database.url()).unwrap();
    write(&records, vec![put("user", "a", Expected::Absent, "{}")]).await;
    let client = connect(&database.url()).await;
    client.batch_execute("BEGIN; SELECT * FROM doorward_records FOR UPDATE").await.unwrap();
    let change =
        || vec![put("user", "b", Expected::Any, "{}"), put("user", "a", Expected::Version(1), "new")];
    let Err(StoreError::Unavailable(_)) = records.commit(change(), NOW).await else { panic!("it is locked") };
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(records.list("user", "", 9, NOW).await.unwrap().len(), 1);
    assert_eq!(records.commit(change(), NOW).await, Ok(Committed::Done));
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_and_an_address_is_refused_without_its_password() {
    let server = Server::postgres();
    let records = PostgresRecords::open(&server.url).unwrap();
    records.prepare().await.unwrap();
    drop(server);
    let Err(StoreError::Unavailable(reason)) = records.get("user", "a", NOW).await else {
        panic!("it is gone")
    };
    assert!(reason.contains("127.0.0.1"), "{reason}");
    let error = PostgresRecords::open("postgres://u:hunter2@h:not-a-port/d").unwrap_err();
    assert!(matches!(error, StoreError::Address(_)) && !error.to_string().contains("hunter2"), "{error}");
}
