//! One conversation of the sink.

use super::{Deed, Received, Shared, Step, Tls};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{io, net::IpAddr, ops::ControlFlow, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinSet,
};

trait Duplex: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}
type Stream = Pin<Box<dyn Duplex>>;

/// The end of a conversation is its one break; what breaks it off is of no interest here.
type Flow = Result<ControlFlow<()>, io::Error>;
const ON: Flow = Ok(ControlFlow::Continue(()));
const OFF: Flow = Ok(ControlFlow::Break(()));

/// Takes connections for as long as it is polled; conversations end with it.
pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, client)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        shared.change(|state| {
            state.connections += 1;
            state.open += 1;
            state.busiest = state.busiest.max(state.open);
        });
        let open = Open(Arc::clone(&shared));
        sessions.spawn(async move {
            let stream: Stream = match open.0.options.tls {
                Tls::Implicit => match open.0.acceptor.accept(stream).await {
                    Ok(stream) => Box::pin(stream),
                    Err(_) => return,
                },
                _ => Box::pin(stream),
            };
            let tls = open.0.options.tls == Tls::Implicit;
            let mail = Received { tls, ..Received::new(client.ip()) };
            let mut session = Session { stream: BufReader::new(stream), shared: &open.0, mail };
            let _ = session.run().await;
        });
        while sessions.try_join_next().is_some() {}
    }
}

/// Counts a connection while it lives.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.change(|state| state.open -= 1);
    }
}

struct Session<'a> {
    stream: BufReader<Stream>,
    shared: &'a Shared,
    mail: Received,
}

impl Received {
    fn new(client: IpAddr) -> Self {
        Self {
            client,
            rcpt_parameters: Vec::new(),
            hello: String::new(),
            tls: false,
            user: None,
            from: String::new(),
            to: Vec::new(),
            parameters: String::new(),
            text: Vec::new(),
        }
    }
}

impl Session<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let greeting = format!("220 {} ESMTP", self.shared.options.name);
        if self.step(Step::Greeting, "", &greeting).await?.is_break() {
            return Ok(());
        }
        while let Some(line) = self.line().await? {
            if self.command(&line).await?.is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> Flow {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => self.hello(line, rest).await,
            "STARTTLS" => self.start_tls(line).await,
            "AUTH" => self.auth(rest).await,
            "MAIL" => self.envelope(Step::Mail, line, rest).await,
            "RCPT" => self.envelope(Step::Rcpt, line, rest).await,
            "DATA" => self.data().await,
            "RSET" => self.step(Step::Rset, line, "250 2.0.0 OK").await,
            "QUIT" => {
                self.say("221 2.0.0 Bye").await?;
                OFF
            }
            _ => {
                self.say("500 5.5.2 What?").await?;
                ON
            }
        }
    }

    async fn hello(&mut self, line: &str, name: &str) -> Flow {
        name.clone_into(&mut self.mail.hello);
        let options = &self.shared.options;
        let mut lines = vec![options.name.clone()];
        lines.extend(options.capabilities.iter().map(ToString::to_string));
        if options.tls != Tls::Absent && !self.mail.tls {
            lines.push("STARTTLS".into());
        }
        if options.credentials.is_some() {
            lines.push("AUTH PLAIN LOGIN".into());
        }
        let last = lines.pop().unwrap_or_default();
        let mut reply: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        reply.push_str(&format!("250 {last}"));
        self.step(Step::Hello, line, &reply).await
    }

    async fn start_tls(&mut self, line: &str) -> Flow {
        if self.step(Step::StartTls, line, "220 2.0.0 Go ahead").await?.is_break() {
            return OFF;
        }
        if self.shared.options.tls == Tls::Broken {
            self.say("what is this TLS you speak of").await?;
            return OFF;
        }
        let stream = std::mem::replace(&mut self.stream, BufReader::new(Box::pin(tokio::io::empty())));
        let stream = self.shared.acceptor.accept(stream.into_inner()).await?;
        self.stream = BufReader::new(Box::pin(stream));
        self.mail = Received { tls: true, ..Received::new(self.mail.client) };
        ON
    }

    async fn auth(&mut self, rest: &str) -> Flow {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism {
            "PLAIN" => {
                let message = decode(initial);
                let mut parts = message.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            _ => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = self.line().await?.unwrap_or_default();
                self.say("334 UGFzc3dvcmQ6").await?;
                let password = self.line().await?.unwrap_or_default();
                (decode(&user), decode(&password))
            }
        };
        let good = self.shared.options.credentials.as_ref() == Some(&given);
        if good {
            self.mail.user = Some(given.0);
        }
        let reply = if good { "235 2.7.0 Welcome" } else { "535 5.7.8 Wrong name or password" };
        self.step(Step::Auth, rest, reply).await
    }

    async fn envelope(&mut self, step: Step, line: &str, rest: &str) -> Flow {
        if self.shared.options.credentials.is_some() && self.mail.user.is_none() {
            self.say("530 5.7.0 Sign in first").await?;
            return ON;
        }
        let path = rest.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
        let (path, parameters) = path.unwrap_or_default();
        let deed = self.shared.reach(step, line);
        let taken = matches!(deed, None | Some(Deed::Wait));
        match step {
            Step::Rcpt if taken => {
                self.mail.to.push(path.to_owned());
                self.mail.rcpt_parameters.push(parameters.trim().to_owned());
            }
            Step::Mail if taken => {
                path.clone_into(&mut self.mail.from);
                parameters.trim().clone_into(&mut self.mail.parameters);
                self.mail.to.clear();
                self.mail.rcpt_parameters.clear();
            }
            _ => {}
        }
        self.deed(deed, "250 2.1.0 OK").await
    }

    async fn data(&mut self) -> Flow {
        if self.mail.to.is_empty() {
            self.say("554 5.5.1 No valid recipients").await?;
            return ON;
        }
        let deed = self.shared.reach(Step::Data, "DATA");
        let refused = matches!(&deed, Some(Deed::Reply(reply)) if !reply.starts_with('3'));
        let flow = self.deed(deed, "354 Go on").await?;
        if refused || flow.is_break() {
            return Ok(flow);
        }
        self.mail.text.clear();
        let mut first = true;
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return OFF;
            }
            if line == b".\r\n" {
                break;
            }
            self.mail.text.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if std::mem::take(&mut first) {
                let deed = self.shared.reach(Step::Text, "");
                match deed {
                    Some(Deed::Reply(_)) | None => {}
                    deed => {
                        if self.pause(deed).await.is_break() {
                            return OFF;
                        }
                    }
                }
            }
        }
        let deed = self.shared.reach(Step::End, "");
        let answer = match deed {
            Some(Deed::Reply(reply)) => reply,
            deed => {
                if self.pause(deed).await.is_break() {
                    return OFF;
                }
                "250 2.0.0 Taken".into()
            }
        };
        if answer.starts_with('2') {
            // Before it is said: a test that has seen the reply finds the message.
            let mail = self.mail.clone();
            self.shared.change(|state| state.received.push(mail));
        }
        self.mail.to.clear();
        self.say(&answer).await?;
        ON
    }

    /// A step with one reply.
    async fn step(&mut self, step: Step, line: &str, reply: &str) -> Flow {
        let deed = self.shared.reach(step, line);
        self.deed(deed, reply).await
    }

    /// Follows a rule, or says what a good server says.
    async fn deed(&mut self, deed: Option<Deed>, reply: &str) -> Flow {
        match deed {
            Some(Deed::Reply(other)) => self.say(&other).await?,
            deed => {
                if self.pause(deed).await.is_break() {
                    return OFF;
                }
                self.say(reply).await?;
            }
        }
        ON
    }

    /// The part of a rule that is not said.
    async fn pause(&mut self, deed: Option<Deed>) -> ControlFlow<()> {
        match deed {
            None | Some(Deed::Reply(_)) => ControlFlow::Continue(()),
            Some(Deed::Disconnect) => ControlFlow::Break(()),
            Some(Deed::Silence) => {
                // Reads on, so that the end of the connection is seen.
                let mut rest = [0; 1024];
                while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
                ControlFlow::Break(())
            }
            Some(Deed::Wait) => match self.shared.released.subscribe().wait_for(|released| *released).await {
                Ok(_) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            },
        }
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

fn decode(text: &str) -> String {
    STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
