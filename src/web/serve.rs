//! The connections that pages are served over.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long the head of a request may take, and how long a connection is kept for another one: whoever keeps us waiting
/// holds no connection.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Serves these routes until the token is cancelled; then answers what was asked already, and ends.
pub async fn serve(mut listener: TcpListener, routes: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let routes = TowerToHyperService::new(routes);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = stop.cancelled() => break,
        };
        stream.set_nodelay(true).ok();
        let routes = routes.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            routes.call(request.map(Body::new))
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), answer));
        // What fails here is the visitor's connection: nobody is left to tell.
        tokio::spawn(async { connection.await.ok() });
    }
    drop(listener);
    connections.shutdown().await;
}
