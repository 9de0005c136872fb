//! Ctrl-C and SIGTERM, for a command that ends at a good place when it is told to.

use std::io::Write as _;

use tokio_util::sync::CancellationToken;

/// Heard twice: whoever asks again waits for nothing any more.
pub(super) struct Twice;

/// The exit code after Ctrl-C, as shells count: 128 and the signal's number.
const INTERRUPTED: u8 = 130;

/// After SIGTERM.
#[cfg(unix)]
const TERMINATED: u8 = 143;

/// What this process is told from outside.
pub(super) struct Signals {
    #[cfg(unix)]
    all: Vec<(u8, tokio::signal::unix::Signal)>,
}

impl Signals {
    /// Listen from now on. Where nobody can, a signal ends the process, as ever.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let kinds = [
                (INTERRUPTED, SignalKind::interrupt()),
                (TERMINATED, SignalKind::terminate()),
            ];
            let heard = |(code, kind)| Some((code, signal(kind).ok()?));
            let all = kinds.into_iter().filter_map(heard);
            Self { all: all.collect() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Have `stop` say it at the first signal, and return at the second.
    pub(super) async fn heard(mut self, stop: &CancellationToken) -> Twice {
        self.next().await;
        stop.cancel();
        let _ = writeln!(
            std::io::stderr(),
            "stopping behind the portion that it is at; once more ends it at once"
        );
        self.next().await;
        Twice
    }

    /// Return at the first, with the exit code that a shell knows it by.
    pub(super) async fn first(mut self) -> u8 {
        self.next().await
    }

    /// The next one, by the exit code of whoever ends because of it.
    async fn next(&mut self) -> u8 {
        #[cfg(unix)]
        {
            if self.all.is_empty() {
                return std::future::pending().await;
            }
            let heard = self.all.iter_mut().map(|(code, signal)| {
                Box::pin(async move {
                    signal.recv().await;
                    *code
                })
            });
            futures::future::select_all(heard).await.0
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            INTERRUPTED
        }
    }
}
