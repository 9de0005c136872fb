//! One file in a form (RFC 7578), read as it comes.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use futures::{Stream, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use service::blob::{BoxError, Bytes};
use service::error::{Common, Error};
use service::upload::NewFile;

use crate::error::{ApiError, Door};

/// The form's one part.
const PART: &str = "file";
/// What a form has beside the file, at most.
const FRAME: u64 = 64 * 1024;

/// A file that comes in a form.
pub(super) struct Form {
    /// What is said of it.
    pub(super) new: NewFile,
    multipart: Multipart<'static>,
    field: Field<'static>,
    fault: Fault,
}

/// What is wrong with the form behind the place where the file begins.
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<ApiError>>>);

impl Fault {
    /// The form's fault, where there is one, else `error`.
    pub(super) fn or(&self, error: Error) -> ApiError {
        let fault = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.unwrap_or(ApiError(error))
    }

    fn keep(&self, error: ApiError) -> BoxError {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        "the form is not right".into()
    }
}

impl Form {
    /// Read up to where the file begins.
    pub(super) async fn open(headers: &HeaderMap, body: Body, most: u64) -> Result<Self, ApiError> {
        let said = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let boundary = multer::parse_boundary(said.unwrap_or_default());
        let boundary = boundary.map_err(|_| Error::from(Door::Form))?;
        let limit = SizeLimit::new().whole_stream(most.saturating_add(FRAME));
        let constraints = Constraints::new().size_limit(limit);
        let mut multipart =
            Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
        let field = multipart
            .next_field()
            .await
            .map_err(|error| fault(&error))?;
        let missing = || Common::invalid("/file", "is missing");
        let field = field
            .filter(|field| field.name() == Some(PART))
            .ok_or_else(missing)?;
        let name = field.file_name().ok_or_else(missing)?.to_owned();
        // As it was said: a type that cannot be read is none of ours.
        let content_type = field.headers().get(CONTENT_TYPE);
        let content_type = content_type.map(|kind| String::from_utf8_lossy(kind.as_bytes()));
        Ok(Self {
            new: NewFile {
                name,
                content_type: content_type.map(Into::into),
            },
            multipart,
            field,
            fault: Fault::default(),
        })
    }

    /// What is said of the file, its bytes, and what may turn out to be wrong with the form.
    pub(super) fn take(
        self,
    ) -> (
        NewFile,
        impl Stream<Item = Result<Bytes, BoxError>> + Send + Unpin,
        Fault,
    ) {
        let fault = self.fault;
        let kept = fault.clone();
        let state = Some((self.multipart, self.field));
        let bytes = stream::try_unfold(state, move |state| {
            let fault = kept.clone();
            async move { next(state, &fault).await }
        });
        (self.new, Box::pin(bytes), fault)
    }
}

type State = Option<(Multipart<'static>, Field<'static>)>;

/// The next bytes of the file. It ends where the form does: one that breaks off behind the file has
/// not come whole.
async fn next(state: State, kept: &Fault) -> Result<Option<(Bytes, State)>, BoxError> {
    let Some((mut multipart, mut field)) = state else {
        return Ok(None);
    };
    match field.chunk().await {
        Ok(Some(bytes)) => return Ok(Some((bytes, Some((multipart, field))))),
        Ok(None) => {}
        Err(error) => return Err(kept.keep(fault(&error))),
    }
    drop(field);
    match multipart.next_field().await {
        Ok(None) => Ok(None),
        Ok(Some(_)) => Err(kept.keep(Common::invalid("/file", "must be the only part").into())),
        Err(error) => Err(kept.keep(fault(&error))),
    }
}

fn fault(error: &multer::Error) -> ApiError {
    let door = match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            Door::TooLarge
        }
        _ => Door::Malformed("the form cannot be read, or is cut off".to_owned()),
    };
    Error::from(door).into()
}
