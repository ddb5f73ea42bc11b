//! Threads: made, read, changed and removed.

use crate::{client::Client, session::Session};
use hyper::Method;
use serde_json::{Value, json};

/// Sends a request. Returns status and JSON.
async fn ask(client: &mut Client, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    client.send(method, path, body).await.whole().await
}

async fn create(client: &mut Client, id: &str) {
    let thread = json!({ "id": id, "title": format!("title of {id}") });
    let made = ask(client, Method::POST, "/threads", thread.clone()).await;
    assert_eq!(made, (201, thread));
}

pub async fn live_and_die(session: Session) {
    let mut client = session.client().await;
    let client = &mut client;
    create(client, "t1").await;
    let again = json!({ "id": "t1", "title": "other" });
    assert_eq!(ask(client, Method::POST, "/threads", again).await.0, 409);
    for (role, content) in [
        ("user", "héllo"),
        ("assistant", "\"hi\"\n"),
        ("user", "bye"),
    ] {
        let message = json!({ "role": role, "content": content });
        let added = ask(
            client,
            Method::POST,
            "/threads/t1/messages",
            message.clone(),
        )
        .await;
        assert_eq!(added, (201, message));
    }
    let title = json!({ "title": "Plans'; DROP TABLE threads; --" });
    let renamed = json!({ "id": "t1", "title": title["title"] });
    assert_eq!(
        ask(client, Method::PATCH, "/threads/t1", title.clone()).await,
        (200, renamed)
    );
    let messages = json!([{ "role": "user", "content": "héllo" }, { "role": "assistant", "content": "\"hi\"\n" },
                          { "role": "user", "content": "bye" }]);
    let whole = json!({ "id": "t1", "title": title["title"], "messages": messages });
    assert_eq!(
        ask(client, Method::GET, "/threads/t1", Value::Null).await,
        (200, whole)
    );
    assert_eq!(
        ask(client, Method::DELETE, "/threads/t1", Value::Null).await,
        (204, Value::Null)
    );
    // Its messages must be deleted, not only hidden.
    create(client, "t1").await;
    let anew = ask(client, Method::GET, "/threads/t1", Value::Null).await.1;
    assert_eq!(anew["messages"], json!([]));
}

pub async fn are_listed_in_pages(session: Session) {
    let mut client = session.client().await;
    let client = &mut client;
    let empty = json!({ "threads": [], "next": null });
    assert_eq!(
        ask(client, Method::GET, "/threads", Value::Null).await,
        (200, empty)
    );
    // Not in order, so that the server has to sort.
    for at in 0..25 {
        create(client, &format!("t{:02}", at * 7 % 25)).await;
    }
    let mut seen = Vec::new();
    let mut path = "/threads?limit=10".to_owned();
    for size in [10, 10, 5] {
        let (status, page) = ask(client, Method::GET, &path, Value::Null).await;
        let threads = page["threads"].as_array().expect("it is a list").clone();
        assert_eq!((status, threads.len()), (200, size));
        assert_eq!(page["next"].is_null(), size == 5, "{page}");
        seen.extend(
            threads
                .iter()
                .map(|thread| thread["id"].as_str().unwrap_or_default().to_owned()),
        );
        path = format!(
            "/threads?limit=10&after={}",
            seen.last().expect("there are threads")
        );
    }
    let all: Vec<String> = (0..25).map(|at| format!("t{at:02}")).collect();
    assert_eq!(seen, all);
    let page = ask(client, Method::GET, "/threads", Value::Null).await.1;
    assert_eq!(page["threads"].as_array().map(Vec::len), Some(20));
}

pub async fn that_are_not_there(session: Session) {
    let mut client = session.client().await;
    let message = json!({ "role": "user", "content": "hello" });
    for (method, path, body) in [
        (Method::GET, "/threads/t1", Value::Null),
        (Method::PATCH, "/threads/t1", json!({ "title": "a" })),
        (Method::DELETE, "/threads/t1", Value::Null),
        (Method::POST, "/threads/t1/messages", message),
        (Method::GET, "/threads/t1/other", Value::Null),
        (Method::PUT, "/threads", Value::Null),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        client
            .send(method, path, body)
            .await
            .refuses_with(404)
            .await;
    }
}

pub async fn bad_requests(session: Session) {
    let mut client = session.client().await;
    create(&mut client, "t1").await;
    for (method, path, body) in [
        (Method::POST, "/threads", "{"),
        (Method::POST, "/threads", r#"{"id":"t2"}"#),
        (Method::POST, "/threads", r#"{"id":"a b","title":"a"}"#),
        (Method::POST, "/threads", r#"{"id":"t2","title":""}"#),
        (Method::PATCH, "/threads/t1", r#"{"title":1}"#),
        (Method::PATCH, "/threads/t1", "[]"),
        (Method::POST, "/threads/t1/messages", r#"{"role":"user"}"#),
        (
            Method::POST,
            "/threads/t1/messages",
            r#"{"role":"tool","content":"a"}"#,
        ),
        // PostgreSQL stores no NUL. All databases reject the same requests.
        (
            Method::POST,
            "/threads",
            r#"{"id":"t2","title":"a\u0000b"}"#,
        ),
        (Method::PATCH, "/threads/t1", r#"{"title":"\u0000"}"#),
        (
            Method::POST,
            "/threads/t1/messages",
            r#"{"role":"user","content":"a\u0000"}"#,
        ),
        (Method::GET, "/threads?after=a%00", ""),
        (Method::GET, "/threads?after=a%20b", ""),
        (Method::GET, "/threads/a%20b", ""),
        (Method::GET, "/threads/a%00", ""),
        (Method::GET, "/threads?limit=0", ""),
        (Method::GET, "/threads?limit=101", ""),
        (Method::GET, "/threads?limit=many", ""),
    ] {
        client
            .send(method, path, body)
            .await
            .refuses_with(400)
            .await;
    }
}

pub async fn survive_a_restart(mut session: Session) {
    create(&mut session.client().await, "t1").await;
    session.restart();
    let mut client = session.client().await;
    let found = ask(&mut client, Method::GET, "/threads/t1", Value::Null).await;
    let whole = json!({ "id": "t1", "title": "title of t1", "messages": [] });
    assert_eq!(found, (200, whole));
}
