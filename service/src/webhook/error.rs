//! What is refused of webhooks.

use entity::id::{WebhookDeliveryId, WebhookEndpointId, WebhookSourceId};

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What is refused of webhooks.
    pub enum Error {
        /// No such endpoint, or not the caller's.
        EndpointNotFound(WebhookEndpointId) => NotFound, "webhook_endpoint.not_found",
            "there is no webhook endpoint {0}",
            "Check the id. An endpoint of somebody else answers the same.";
        /// The endpoint is told of nothing.
        EndpointDisabled => Conflict, "webhook_endpoint.disabled",
            "the endpoint is disabled",
            "Enable it first: PATCH it with the status `enabled`.";
        /// There are enough endpoints.
        TooManyEndpoints { most: i64 } => Conflict, "webhook_endpoint.limit_exceeded",
            "there are {most} webhook endpoints already",
            "Remove one, or let one endpoint take several types of events.";
        /// No such delivery, or not the caller's.
        DeliveryNotFound(WebhookDeliveryId) => NotFound, "webhook_delivery.not_found",
            "there is no webhook delivery {0}",
            "Check the id. A delivery to an endpoint of somebody else answers the same.";
        /// It will be tried anyway.
        DeliveryPending => Conflict, "webhook_delivery.pending",
            "the delivery is under way",
            "Wait for its next try; only what was delivered or has failed is replayed.";
        /// No such source.
        SourceNotFound(WebhookSourceId) => NotFound, "webhook_source.not_found",
            "there is no webhook source {0}",
            "Check the id.";
        /// No such source, or it is not listened to.
        NoSuchSource => NotFound, "webhook.no_such_source",
            "nobody listens to this source",
            "Check the address: the last part of the path is the source's name.";
        /// What the scheme needs is not there.
        Unsigned { what: &'static str } => Malformed, "webhook.unsigned",
            "{what}",
            "Send the headers that the source's scheme has, once each.";
        /// Not signed by somebody who knows a secret.
        BadSignature => Unauthenticated, "webhook.bad_signature",
            "the signature is not one of the source's",
            "Sign the raw bytes of the body with the source's present secret.";
        /// Signed too long ago, or in the future.
        OutOfTime => Unauthenticated, "webhook.out_of_time",
            "the signature is too old, or its time is not yet",
            "Sign at the time of sending, and set the clock.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
