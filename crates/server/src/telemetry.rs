//! What operators see: metrics at `/metrics`, traces over OTLP. The names of both are in [`metrics`] and [`traces`].

pub mod metrics;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod traces;

use std::{sync::Arc, time::Duration};

use gamev1_actors::{observe::Observer, registry::ActorRegistry};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider, TracerProviderBuilder},
};
use uuid::Uuid;

use self::{metrics::Metrics, traces::Traces};

/// Where spans are sent, such as `http://127.0.0.1:4318`. Without it nothing is exported (OpenTelemetry's own name).
pub const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// The share of clients' frames that are traced, from 0 to 1 (OpenTelemetry's own name).
pub const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
const RATIO_DEFAULT: f64 = 0.01;
/// How long the last spans may take to leave.
const FLUSHED_WITHIN: Duration = Duration::from_secs(2);

/// Traces and metrics of one process.
pub struct Telemetry {
    provider: SdkTracerProvider,
    ratio: f64,
    exports: bool,
    pub metrics: Arc<Metrics>,
}

/// The settings are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("{RATIO}: expected a number from 0 to 1, got {0:?}")]
    Ratio(String),
    #[error("{ENDPOINT}: {0}")]
    Exporter(String),
    #[error("metrics cannot be made: {0}")]
    Metrics(String),
}

impl Telemetry {
    /// As the environment asks for. Without an endpoint spans still have ids, for the logs, and go nowhere.
    ///
    /// # Errors
    /// A setting that is no ratio or no URL.
    pub fn from_env() -> Result<Telemetry, TelemetryError> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let ratio = match set(RATIO) {
            None => RATIO_DEFAULT,
            Some(text) => match text.parse() {
                Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
                _ => return Err(TelemetryError::Ratio(text)),
            },
        };
        let mut builder = SdkTracerProvider::builder();
        let exports = set(ENDPOINT).is_some();
        if exports {
            let exporter = SpanExporter::builder().with_http().build();
            let exporter = exporter.map_err(|error| TelemetryError::Exporter(error.to_string()))?;
            builder = builder.with_batch_exporter(exporter);
        }
        let telemetry = Telemetry::with(builder, if exports { ratio } else { 0.0 })?;
        Ok(Telemetry { exports, ..telemetry })
    }

    /// With exporters of the caller's own.
    ///
    /// # Errors
    /// Metrics cannot be made.
    pub fn with(builder: TracerProviderBuilder, ratio: f64) -> Result<Telemetry, TelemetryError> {
        let resource = Resource::builder()
            .with_service_name("gamev1")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", Uuid::now_v7().to_string()))
            .build();
        let provider =
            builder.with_sampler(traces::Sampler { ratio }).with_resource(resource).build();
        let metrics = Metrics::new().map_err(TelemetryError::Metrics)?;
        Ok(Telemetry { provider, ratio, exports: false, metrics: Arc::new(metrics) })
    }

    /// From here on what the actors of this registry do is traced and counted.
    pub fn observe(&self, registry: &ActorRegistry) {
        registry.observe(self.observer(), self.ratio);
    }

    /// Draws the spans of HTTP requests, where spans go anywhere.
    pub fn http_tracer(&self) -> Option<SdkTracer> {
        self.exports.then(|| self.provider.tracer("gamev1"))
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Traces::new(self.provider.tracer("gamev1"), self.metrics.clone()))
    }

    /// Sends what is left. Blocks, for a bounded time.
    pub fn shutdown(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSHED_WITHIN) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}
