//! The control socket: one operation as one JSON line in, its outcome as one JSON line out.
//!
//! Who may open the socket may do everything, so it is made with mode 0600 for the user that runs the server.
//! Temporary: a socket that cannot be accepted from is tried again. Nothing here is fatal to the server.

use crate::{Context, OpError, ops, ops::Operation};
use net::shutdown::Shutdown;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};

/// Bytes of an operation.
const REQUEST_BYTES_MAX: u64 = 1 << 20;
/// Bytes of an answer.
const REPLY_BYTES_MAX: u64 = 256 << 20;
/// Callers at once; more wait.
const CALLERS_MAX: usize = 16;
/// Time a caller may take to send its line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What stands in the line that answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok(Value),
    Error(OpError),
}

/// Where the socket of a data folder is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Makes the socket, for its owner alone from the first moment. The caller holds the store, so one left by a server
/// that died is nobody's.
///
/// # Errors
/// When it cannot be made.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&new, path)?;
    Ok(listener)
}

/// Answers callers until draining begins.
pub async fn serve(listener: UnixListener, context: Arc<Context>, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(CALLERS_MAX));
    loop {
        let accepted = tokio::select! {
            () = shutdown.draining.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (places, context) = (places.clone(), context.clone());
        shutdown.tasks.spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            if let Err(error) = answer(stream, &context).await {
                tracing::debug!(%error, "a caller of the control socket went away");
            }
        });
    }
}

async fn answer(mut stream: UnixStream, context: &Context) -> io::Result<()> {
    let mut line = String::new();
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    tokio::time::timeout(REQUEST_TIMEOUT, reader.read_line(&mut line)).await??;
    let outcome = match serde_json::from_str::<Operation>(&line) {
        Ok(operation) => match ops::perform(context, operation).await {
            Ok(value) => Outcome::Ok(value),
            Err(error) => Outcome::Error(error),
        },
        Err(error) => Outcome::Error(OpError::Invalid(format!("not an operation: {error}"))),
    };
    let mut reply = serde_json::to_vec(&outcome)?;
    reply.push(b'\n');
    writer.write_all(&reply).await?;
    writer.shutdown().await
}

/// Has a running server do an operation. `None` when no server listens there.
///
/// # Errors
/// What the server answered; [`OpError::Machine`] when the exchange broke.
pub async fn call(path: &Path, operation: &Operation) -> Option<Result<Value, OpError>> {
    let stream = UnixStream::connect(path).await.ok()?;
    Some(exchange(stream, operation).await)
}

async fn exchange(mut stream: UnixStream, operation: &Operation) -> Result<Value, OpError> {
    let mut request = serde_json::to_vec(operation).map_err(|error| OpError::Machine(error.to_string()))?;
    request.push(b'\n');
    stream.write_all(&request).await?;
    let mut reply = Vec::new();
    stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply).await?;
    match serde_json::from_slice(&reply) {
        Ok(Outcome::Ok(value)) => Ok(value),
        Ok(Outcome::Error(error)) => Err(error),
        Err(_) => {
            Err(OpError::Machine("the server closed the control socket before it answered; look at its log".into()))
        }
    }
}
