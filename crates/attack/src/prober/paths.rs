//! Requests of no operation: paths that no document has.

use super::sent::Sent;
use super::{Prober, Stop};
use crate::probe::{Probe, Root};
use crate::who::Who;

impl Prober<'_> {
    /// Sends a request of no operation as somebody.
    pub(crate) async fn send_as(&self, probe: Probe, who: Who) -> Result<Sent, Stop> {
        let probe = self.signed(probe, who);
        let (answer, seen, _) = self.send(&probe).await?;
        let repeat = self.repeat(&probe, who);
        Ok(Sent { answer, seen, repeat })
    }

    /// The roots under which paths of no document may be: that of the server, and that of the API where it is another.
    pub(crate) fn roots(&self) -> Vec<Root> {
        match self.client.base_path().is_empty() {
            true => vec![Root::Server],
            false => vec![Root::Server, Root::Api],
        }
    }
}
