//! `chancery admin`: accounts, from the command line.

use std::sync::Arc;

use api::config::Config;
use clap::Subcommand;
use entity::identity::user::UserRole;
use service::Ctx;
use service::identity::{EmailAddress, NewUser, Password};
use service::operation::{self, Kind, Label};

use super::{Failure, connected};

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Make an admin.
    Create {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The password.
        #[arg(long, env = "CHANCERY_ADMIN_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// Give an account a new password and end its sessions.
    ResetPassword {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The new password.
        #[arg(long, env = "CHANCERY_ADMIN_PASSWORD", hide_env_values = true)]
        password: String,
    },
}

pub(crate) async fn run(config: &Config, admin: Admin) -> Result<(), Failure> {
    let services = connected(config).await?;
    let ctx = Ctx::system(Arc::clone(&services), "admin");
    let name = match admin {
        Admin::Create { .. } => "admin create",
        Admin::ResetPassword { .. } => "admin reset-password",
    };
    let label = Label::new(Kind::Command, name);
    operation::within(&services.operations, label, "", done(&ctx, admin)).await?;
    services.db.disconnect().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
async fn done(ctx: &Ctx, admin: Admin) -> Result<(), Failure> {
    match admin {
        Admin::Create { email, password } => {
            let new = NewUser {
                email: EmailAddress::new(&email)?,
                name: None,
                password: Some(Password::new(&password)?),
                role: UserRole::Admin,
            };
            let user = service::identity::create_user(ctx, new).await?;
            println!("{}", user.id);
        }
        Admin::ResetPassword { email, password } => {
            let (email, password) = (EmailAddress::new(&email)?, Password::new(&password)?);
            service::identity::reset_password(ctx, &email, &password).await?;
        }
    }
    Ok(())
}
