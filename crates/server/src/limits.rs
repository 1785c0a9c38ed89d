//! Rates of HTTP calls, by address and by player: GCRA, so that over any window w at most burst + rate × w pass.

#[cfg(test)]
mod tests;

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use gamev1_protocol::{ErrorCode, PlayerId};
use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use hyper::header::{HeaderName, HeaderValue};

use crate::{
    address::AddressKey,
    config::HttpRates,
    problem::{Problem, whole_seconds},
};

/// Beyond this many addresses in one class, neighbours share a budget: a flood of addresses must not fill the memory.
const KEYS_MAX: usize = 200_000;

/// What may be spent at once, and what flows back in a minute or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    burst: NonZeroU32,
    flow: NonZeroU32,
    per: Per,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Minute,
    Hour,
}

impl Per {
    const fn word(self) -> &'static str {
        match self {
            Per::Minute => "a minute",
            Per::Hour => "an hour",
        }
    }

    const fn duration(self) -> Duration {
        match self {
            Per::Minute => Duration::from_secs(60),
            Per::Hour => Duration::from_secs(3_600),
        }
    }
}

impl Quota {
    /// `None` when one of them is 0.
    pub fn new(burst: u32, per_minute: u32) -> Option<Quota> {
        Quota::of(burst, per_minute, Per::Minute)
    }

    /// `None` when one of them is 0.
    pub fn hourly(burst: u32, per_hour: u32) -> Option<Quota> {
        Quota::of(burst, per_hour, Per::Hour)
    }

    fn of(burst: u32, flow: u32, per: Per) -> Option<Quota> {
        Some(Quota { burst: NonZeroU32::new(burst)?, flow: NonZeroU32::new(flow)?, per })
    }

    pub fn burst(&self) -> u32 {
        self.burst.get()
    }

    pub fn per_minute(&self) -> f64 {
        f64::from(self.flow.get()) * 60.0 / self.per.duration().as_secs_f64()
    }

    /// How long it takes until everything has flowed back.
    fn window(&self) -> Duration {
        self.per.duration() * self.burst.get() / self.flow.get()
    }
}

/// The SHA-256 of what somebody signs in as: names are not kept here, and a long one takes no more room.
pub type LoginKey = [u8; 32];

type Keyed<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// One class of calls.
struct Class<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    name: &'static str,
    quota: Quota,
    limiter: Keyed<K, C>,
    clock: C,
    hits: AtomicU64,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Class<K, C> {
    fn new(name: &'static str, quota: Quota, clock: C) -> Class<K, C> {
        let gcra = match quota.per {
            Per::Minute => governor::Quota::per_minute(quota.flow),
            Per::Hour => governor::Quota::per_hour(quota.flow),
        };
        let gcra = gcra.allow_burst(quota.burst);
        let limiter = RateLimiter::new(gcra, DashMapStateStore::default(), clock.clone());
        Class { name, quota, limiter, clock, hits: AtomicU64::new(0) }
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        let Err(refused) = self.limiter.check_key(key) else { return Ok(()) };
        self.hits.fetch_add(1, Ordering::Relaxed);
        let wait = refused.wait_time_from(self.clock.now());
        let Class { name, quota, .. } = self;
        let detail = format!(
            "{} calls at once and {} {} are allowed (class {name})",
            quota.burst,
            quota.flow,
            quota.per.word()
        );
        tracing::debug!(class = name, "a call is over its rate");
        let policy = format!("\"{name}\";q={};w={}", quota.burst, whole_seconds(quota.window()));
        let state = format!("\"{name}\";r=0;t={}", whole_seconds(wait));
        let mut problem = Problem::new(ErrorCode::RateLimited, detail).retry_after(wait);
        for (header, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                problem = problem.header(HeaderName::from_static(header), value);
            }
        }
        Err(problem)
    }

    /// Forgets those who are back at their whole budget. True when too many are left.
    fn sweep(&self) -> bool {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        self.limiter.len() > KEYS_MAX
    }
}

/// All classes; none when rates are lifted.
pub struct HttpLimits {
    classes: Option<Classes>,
    /// Whether neighbouring addresses share their budget.
    coarse: AtomicBool,
}

struct Classes {
    address: Class<AddressKey>,
    player: Class<PlayerId>,
    guest: Class<AddressKey>,
    refresh: Class<AddressKey>,
    register: Class<AddressKey>,
    login: Class<AddressKey>,
    /// Passwords tried for one account.
    password: Class<LoginKey>,
    connect: Class<AddressKey>,
}

impl Classes {
    fn of_addresses(&self) -> [&Class<AddressKey>; 6] {
        let Classes { address, guest, refresh, register, login, connect, .. } = self;
        [address, guest, refresh, register, login, connect]
    }
}

impl HttpLimits {
    pub fn new(rates: Option<HttpRates>) -> HttpLimits {
        let clock = DefaultClock::default;
        let classes = rates.map(|rates| Classes {
            address: Class::new("address", rates.address, clock()),
            player: Class::new("player", rates.player, clock()),
            guest: Class::new("guest", rates.auth, clock()),
            refresh: Class::new("refresh", rates.auth, clock()),
            register: Class::new("register", rates.auth, clock()),
            login: Class::new("login", rates.auth, clock()),
            password: Class::new("password", rates.password, clock()),
            connect: Class::new("connect", rates.connect, clock()),
        });
        HttpLimits { classes, coarse: AtomicBool::new(false) }
    }

    /// Any call.
    ///
    /// # Errors
    /// `rate_limited`, as with the others.
    pub fn call(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.address)
    }

    pub fn call_of_player(&self, player: PlayerId) -> Result<(), Problem> {
        self.classes.as_ref().map_or(Ok(()), |classes| classes.player.check(&player))
    }

    pub fn guest(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.guest)
    }

    pub fn refresh(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.refresh)
    }

    pub fn register(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.register)
    }

    pub fn login(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.login)
    }

    /// A password that is tried, whether or not there is such an account.
    pub fn password(&self, login: LoginKey) -> Result<(), Problem> {
        self.classes.as_ref().map_or(Ok(()), |classes| classes.password.check(&login))
    }

    /// A new socket.
    pub fn connect(&self, address: AddressKey) -> Result<(), Problem> {
        self.by_address(address, |classes| &classes.connect)
    }

    fn by_address(
        &self,
        address: AddressKey,
        class: impl FnOnce(&Classes) -> &Class<AddressKey>,
    ) -> Result<(), Problem> {
        let Some(classes) = &self.classes else { return Ok(()) };
        let coarse = self.coarse.load(Ordering::Relaxed);
        class(classes).check(&if coarse { address.coarse() } else { address })
    }

    /// How many calls were over a rate, by scope and class.
    pub fn hits(&self) -> Vec<(&'static str, &'static str, u64)> {
        let Some(classes) = &self.classes else { return Vec::new() };
        let of_address = classes
            .of_addresses()
            .map(|class| ("address", class.name, class.hits.load(Ordering::Relaxed)));
        let Classes { player, password, .. } = classes;
        let of_player = ("player", player.name, player.hits.load(Ordering::Relaxed));
        let of_account = ("account", password.name, password.hits.load(Ordering::Relaxed));
        of_address.into_iter().chain([of_player, of_account]).collect()
    }

    /// To be called every few seconds.
    pub fn sweep(&self) {
        let Some(classes) = &self.classes else { return };
        classes.player.sweep();
        classes.password.sweep();
        let mut crowded = false;
        for class in classes.of_addresses() {
            crowded |= class.sweep();
        }
        if self.coarse.swap(crowded, Ordering::Relaxed) != crowded {
            tracing::warn!(
                crowded,
                "neighbouring addresses share their rates while there are too many"
            );
        }
    }
}
