//! What an operator, other gateways and the tasks beside the workers say to a guard.

use std::time::{Duration, Instant, SystemTime};

use ipnet::IpNet;
use reputation::list::Entries;
use store::{Millis, Post, StoreError};
use tokio::sync::mpsc;

use crate::events::{Record, Timestamp};
use crate::guard::Guard;
use crate::standing::attack::{self, Order};
use crate::standing::bans::{Ban, client_network, unix_millis};
use crate::standing::crawlers::Claim;

/// How long the board keeps what an operator has said, beyond its end: what a flood makes gateways post goes before it.
const KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

impl Guard {
    /// Bans a network until a time: here at once, and on the gateways that count together within a second.
    ///
    /// # Errors
    /// If the others cannot be told. It holds here.
    pub async fn ban(&self, ban: Ban, now: SystemTime) -> Result<(), StoreError> {
        let standing = &self.state.standing;
        standing.bans.add(&ban, KEPT);
        self.tell_bans(now).await
    }

    /// Tells the other gateways of what they do not know.
    async fn tell_bans(&self, now: SystemTime) -> Result<(), StoreError> {
        let standing = &self.state.standing;
        for (network, post) in standing.bans.untold() {
            standing.board.put(post, unix_millis(now)).await?;
            standing.bans.told(network);
        }
        Ok(())
    }

    /// Lifts a ban, and says whether there was one.
    ///
    /// # Errors
    /// If the others cannot be told. It is lifted here.
    pub async fn unban(&self, network: IpNet) -> Result<bool, StoreError> {
        let standing = &self.state.standing;
        // An address of IPv6 stands for its client, who is banned with a /64.
        let is_address = network.prefix_len() == network.max_prefix_len();
        let network = if is_address { client_network(network.addr()) } else { network };
        // Perhaps the board has not got it yet.
        let (name, was_here) = standing.bans.lift(network);
        Ok(standing.board.take_down(name).await? || was_here)
    }

    /// The bans that hold.
    pub fn bans(&self, now: SystemTime) -> Vec<Ban> {
        self.state.standing.bans.all(now)
    }

    /// Says whether there is an attack: here at once, and on the gateways that count together within a second.
    ///
    /// # Errors
    /// If the others cannot be told. It holds here.
    pub async fn order_attack(
        &self,
        order: Order,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let standing = &self.state.standing;
        self.tell_order(order);
        let name = attack::POST.to_owned();
        match order {
            Order::ByPolicy => standing.board.take_down(name).await.map(drop),
            Order::On | Order::Off => {
                let (until, kept) = (unix_millis(until), unix_millis(until + KEPT));
                let post = Post { name, value: format!("{} {until}", order.name()), until: kept };
                standing.board.put(post, unix_millis(now)).await
            }
        }
    }

    /// Whether an attack lasts, and what an operator has said of it.
    pub fn attack(&self) -> (bool, Order) {
        (self.state.standing.attack.is_on(), self.state.standing.attack.order())
    }

    /// Takes over what the other gateways say, and what ended meanwhile. Called again and again.
    ///
    /// # Errors
    /// If the store does not answer. What was known holds on.
    pub async fn read_board(&self, now: SystemTime) -> Result<(), StoreError> {
        let standing = &self.state.standing;
        if let Some(posts) = standing.board.news(unix_millis(now)).await? {
            standing.bans.replace(&posts);
            let post = posts.iter().find(|post| post.name == attack::POST);
            let order = post.and_then(|post| {
                let (order, until) = post.value.split_once(' ')?;
                Some((Order::named(order)?, until.parse::<Millis>().ok()?))
            });
            let order = order.filter(|(_, until)| *until > unix_millis(now));
            *standing.order_until.lock() = order.map(|(_, until)| until);
            self.tell_order(order.map(|(order, _)| order).unwrap_or_default());
        } else if standing.order_until.lock().take_if(|until| *until <= unix_millis(now)).is_some() {
            self.tell_order(Order::ByPolicy);
        }
        self.tell_bans(now).await
    }

    fn tell_order(&self, order: Order) {
        if self.state.standing.attack.take(order) {
            let message = match order {
                Order::On => "under attack, by order: whoever has no credential has to solve a challenge",
                Order::Off => "not under attack, by order",
                Order::ByPolicy => "whether an attack lasts is up to the policy again (`[under_attack]`)",
            };
            self.notice(message);
        }
    }

    /// A second is over: whether an attack begins or ends. Called once a second.
    pub fn tick(&self) {
        let engine = self.engine();
        let attack = &self.state.standing.attack;
        if let Some(told) = attack.tick(&engine.policy.bots.under_attack, Instant::now()) {
            self.notice(&told);
        }
        self.state.metrics.under_attack.set(attack.is_on().into());
        self.state.metrics.in_flight.set(self.state.in_flight.all() as u64);
    }

    /// Writes down what is to outlive the process. Called when it stops; what cannot be written is told.
    pub fn save(&self) {
        if let Err(error) = self.state.stores.counters.save() {
            self.notice(&format!("the counters of limits are lost: {error}"));
        }
    }

    fn notice(&self, message: &str) {
        self.state.sinks.record(&Record::Notice { time: Timestamp(SystemTime::now()), message });
    }

    /// Takes over a list that was fetched.
    pub fn update_list(&self, url: String, entries: Entries) {
        self.state.standing.lists.update(url, entries, &self.engine().policy.network);
    }

    /// Those who say that they are crawlers, from now on. Whoever asks for them finds out whether they are
    /// ([`Guard::verified`]).
    pub fn claims(&self) -> mpsc::Receiver<Claim> {
        self.state.standing.crawlers.claims()
    }

    /// What was found out of a crawler; nothing if nobody answered.
    pub fn verified(&self, claim: Claim, is_true: Option<bool>) {
        self.state.standing.crawlers.learn(claim, is_true, SystemTime::now());
    }
}
