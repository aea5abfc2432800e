//! A server, a cluster of them, or the master that sentinels name: how it is addressed and connected to.

use std::net::ToSocketAddrs;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo, Pipeline, RedisError,
    RedisFuture, Value,
};

use tokio::sync::Mutex;

use crate::error::StoreError;

/// How long an attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(1);
/// The forms of an address.
const FORMS: &str = "redis://host:6379/0, rediss://... with TLS, redis-cluster://host1:7000,host2:7000 or redis-sentinel://host1:26379,host2:26379/master/0";

/// What an address names.
pub(super) struct Server {
    kind: Kind,
    /// Its address without a password.
    pub(super) name: String,
}

enum Kind {
    Single(Box<Client>),
    Cluster { client: Box<ClusterClient>, first: Vec<Client> },
    Sentinel { client: Box<Mutex<SentinelClient>>, first: Vec<Client> },
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Link {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    /// Reads an address.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn parse(url: &str) -> Result<Server, StoreError> {
        // The library's message may quote the address, and with it the password.
        let wrong = || StoreError::Address(FORMS);
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        if let "redis" | "rediss" = scheme {
            let client = Client::open(url).map_err(|_| wrong())?;
            let name = client.get_connection_info().addr().to_string();
            return Ok(Server { kind: Kind::Single(Box::new(client)), name });
        }
        let plain = match scheme {
            "redis-cluster" | "redis-sentinel" => "redis",
            "rediss-cluster" | "rediss-sentinel" => "rediss",
            _ => return Err(wrong()),
        };
        let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let at = if user.is_empty() { String::new() } else { format!("{user}@") };
        let urls: Vec<String> =
            hosts.split(',').map(|host| format!("{plain}://{at}{}", host.trim())).collect();
        let first: Result<Vec<Client>, _> = urls.iter().map(|url| Client::open(url.as_str())).collect();
        let first = first.map_err(|_| wrong())?;
        let name = hosts.to_owned();
        if scheme.ends_with("cluster") {
            let builder = ClusterClientBuilder::new(urls)
                .connection_timeout(CONNECT)
                .response_timeout(CONNECT)
                .retries(1);
            let client = Box::new(builder.build().map_err(|_| wrong())?);
            return Ok(Server { kind: Kind::Cluster { client, first }, name });
        }
        let (master, database) = path.split_once('/').unwrap_or((path, "0"));
        let database: i64 = database.parse().map_err(|_| wrong())?;
        if master.is_empty() {
            return Err(wrong());
        }
        let info = urls.first().ok_or_else(wrong)?.as_str().into_connection_info().map_err(|_| wrong())?;
        let addresses = first.iter().map(|client| client.get_connection_info().addr().clone());
        let mut builder = SentinelClientBuilder::new(
            addresses.collect::<Vec<ConnectionAddr>>(),
            master,
            SentinelServerType::Master,
        )
        .map_err(|_| wrong())?
        .set_client_to_redis_db(database);
        if let Some(user) = info.redis_settings().username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = info.redis_settings().password() {
            builder = builder.set_client_to_redis_password(password);
        }
        let client = Box::new(Mutex::new(builder.build().map_err(|_| wrong())?));
        Ok(Server { kind: Kind::Sentinel { client, first }, name: format!("{name} ({master})") })
    }

    /// Whether keys of one request may be on several servers.
    pub(super) const fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster { .. })
    }

    /// Asks the server whether it lets us in. One that cannot be reached may come back.
    ///
    /// # Errors
    /// If the name of no host is known, or the server refuses: nothing but another address or password helps then.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let clients = match &self.kind {
            Kind::Single(client) => std::slice::from_ref(&**client),
            Kind::Cluster { first, .. } | Kind::Sentinel { first, .. } => first,
        };
        let mut last = None;
        let mut known = 0;
        for client in clients {
            if let ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } =
                client.get_connection_info().addr()
                && (host.as_str(), *port).to_socket_addrs().is_err()
            {
                last = Some(format!("nobody knows the host {host}"));
                continue;
            }
            known += 1;
            let asked = client.get_connection_with_timeout(CONNECT).and_then(|mut connection| {
                connection.set_read_timeout(Some(CONNECT))?;
                redis::cmd("PING").query::<Value>(&mut connection)
            });
            match asked {
                Ok(_) => return Ok(()),
                Err(error) if error.is_io_error() || error.is_timeout() => last = Some(error.to_string()),
                Err(error) => return Err(self.unavailable(&error)),
            }
        }
        match last {
            Some(why) if known == 0 => Err(StoreError::Unavailable(format!("redis at {}: {why}", self.name))),
            _ => Ok(()),
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// If that does not succeed within a second.
    pub(super) async fn connect(&self) -> Result<Link, StoreError> {
        let connected = tokio::time::timeout(CONNECT, async {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(CONNECT));
            match &self.kind {
                Kind::Single(client) => {
                    client.get_multiplexed_async_connection_with_config(&config).await.map(Link::Single)
                }
                Kind::Cluster { client, .. } => client.get_async_connection().await.map(Link::Cluster),
                // It changes as it learns.
                Kind::Sentinel { client, .. } => {
                    client.lock().await.get_async_connection_with_config(&config).await.map(Link::Single)
                }
            }
        });
        match connected.await {
            Ok(link) => link.map_err(|error| self.unavailable(&error)),
            Err(_) => {
                Err(StoreError::Unavailable(format!("redis at {}: no connection within a second", self.name)))
            }
        }
    }

    pub(super) fn unavailable(&self, error: &RedisError) -> StoreError {
        StoreError::Unavailable(format!("redis at {}: {error}", self.name))
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Link::Single(link) => link.req_packed_command(cmd),
            Link::Cluster(link) => link.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Link::Single(link) => link.req_packed_commands(cmd, offset, count),
            Link::Cluster(link) => link.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Link::Single(link) => link.get_db(),
            Link::Cluster(link) => link.get_db(),
        }
    }
}
