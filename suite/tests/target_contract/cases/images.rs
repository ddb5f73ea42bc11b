//! Images in and out.

use crate::session::Session;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

const PATH: &str = "/multimodal";
/// Bytes of an image in one event.
const PART: usize = 48 << 10;

fn url(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes))
}

/// Returns bytes in which every piece is distinct.
fn picture(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

/// Joins the parts of an image.
pub fn joined(events: &[Value]) -> Vec<u8> {
    let images: Vec<&Value> = events
        .iter()
        .map(|event| &event["image"])
        .filter(|image| image.is_object())
        .collect();
    let mut bytes = Vec::new();
    for (at, image) in images.iter().enumerate() {
        assert_eq!(
            (&image["part"], &image["parts"]),
            (&json!(at), &json!(images.len()))
        );
        assert_eq!(image["type"], "image/png");
        let data = image["data"].as_str().expect("parts are text");
        let part = BASE64_STANDARD.decode(data).expect("parts are base64");
        assert!(
            part.len() == PART || at + 1 == images.len(),
            "part {at}: {}",
            part.len()
        );
        bytes.extend(part);
    }
    bytes
}

pub async fn in_parts(session: Session) {
    let mut client = session.client().await;
    for size in [1, PART - 1, PART, PART + 1, 3 * PART + 7] {
        let (sent, drawn) = (url(b"what is sent"), picture(size));
        let body = json!({ "message": format!("draw:{}", url(&drawn)), "image": sent });
        let events = client.post(PATH, &body).await.stream().until_done().await;
        assert_eq!(events[0], json!({ "content": " a picture" }));
        assert!(
            joined(&events) == drawn,
            "an image of {size} bytes has changed"
        );
        let asked = session.model.asked().pop().expect("the model was asked");
        let parts = json!([{ "type": "text", "text": body["message"] },
                           { "type": "image_url", "image_url": { "url": sent } }]);
        assert_eq!(
            asked.body["messages"],
            json!([{ "role": "user", "content": parts }])
        );
    }
}

pub async fn what_is_no_image_is_refused(session: Session) {
    let mut client = session.client().await;
    for image in [
        json!(""),
        json!(null),
        json!(1),
        json!("hello"),
        json!("http://127.0.0.1/a.png"),
        json!("data:text/plain;base64,AAAA"),
        json!("data:image/png,AAAA"),
        json!("data:image/png;base64,"),
        json!("data:image/png;base64,A"),
        json!("data:image/png;base64,?AAA"),
    ] {
        let answer = client
            .post(PATH, &json!({ "message": "hello", "image": image }))
            .await;
        answer.refuses_with(400).await;
    }
    client.say(PATH, "hello").await.refuses_with(400).await;
    let image = json!({ "message": "", "image": url(b"a") });
    client.post(PATH, &image).await.refuses_with(400).await;
    assert!(
        session.model.asked().is_empty(),
        "the model is not bothered"
    );
}

pub async fn a_drawing_that_is_no_image(session: Session) {
    let mut client = session.client().await;
    let body = json!({ "message": "draw:data:image/png;base64,?", "image": url(b"a") });
    let events = client.post(PATH, &body).await.stream().until_error().await;
    assert_eq!(events.len(), 2, "{events:?}");
}
