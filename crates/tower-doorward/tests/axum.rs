//! The axum example, over a socket.

#![allow(clippy::unwrap_used)]

#[path = "../examples/axum.rs"]
#[allow(dead_code)]
mod example;

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn ask(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_layer_serves_the_ordinary_and_refuses_the_attack() {
    let app = example::app(policy::load(&policy::Inputs::default()).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    let fine = ask(address, "/hello?name=O%27Brien").await;
    assert!(fine.starts_with("HTTP/1.1 200"), "{fine}");
    assert!(fine.contains("x-content-type-options: nosniff"), "{fine}");
    let refused = ask(address, "/hello?name=%27%20OR%20%271%27=%271").await;
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
}
