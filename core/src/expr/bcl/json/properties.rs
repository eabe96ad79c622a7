//! Which properties of an object the serializer writes, and in which order: that of their declaration in .NET, and for the parts of
//! `context`, whose classes nobody has published, that of the reference. Reads them as an expression does.

use std::sync::Arc;

use super::super::{Call, Form, Member, TABLE};
use crate::expr::exception::Outcome;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const WRITTEN: &[(Class, &[&str])] = &[
    (
        Class::Context,
        &[
            "Api",
            "Backend",
            "Deployment",
            "Elapsed",
            "LastError",
            "Operation",
            "Product",
            "Request",
            "RequestId",
            "Response",
            "Subscription",
            "Timestamp",
            "Tracing",
            "User",
            "Variables",
            "Workspace",
        ],
    ),
    (
        Class::Request,
        &["Body", "Certificate", "Headers", "IpAddress", "MatchedParameters", "Method", "OriginalUrl", "Url"],
    ),
    (Class::Response, &["Body", "Headers", "StatusCode", "StatusReason"]),
    // Its methods read; it has no properties.
    (Class::MessageBody, &[]),
    (Class::Url, &["Host", "Path", "Port", "Query", "QueryString", "Scheme"]),
    (
        Class::Api,
        &[
            "Id",
            "IsCurrentRevision",
            "Name",
            "Path",
            "Revision",
            "ServiceUrl",
            "Version",
            "Protocols",
            "SubscriptionKeyParameterNames",
        ],
    ),
    (Class::KeyNames, &["Header", "Query"]),
    (Class::Operation, &["Id", "Method", "Name", "UrlTemplate"]),
    (
        Class::Product,
        &[
            "ApprovalRequired",
            "Groups",
            "Id",
            "Name",
            "State",
            "SubscriptionsLimit",
            "SubscriptionLimit",
            "SubscriptionRequired",
            "Apis",
        ],
    ),
    (
        Class::Subscription,
        &["CreatedDate", "CreatedTime", "EndDate", "Id", "Key", "Name", "PrimaryKey", "SecondaryKey", "StartDate"],
    ),
    (Class::User, &["Email", "FirstName", "Groups", "Id", "Identities", "LastName", "Note", "RegistrationDate"]),
    (Class::UserGroup, &["Id", "Name"]),
    (Class::UserIdentity, &["Id", "Provider"]),
    (Class::Backend, &["AzureRegion", "Id", "Type"]),
    (Class::Workspace, &["Id", "Name"]),
    (Class::Deployment, &["Gateway", "GatewayId", "Region", "ServiceId", "ServiceName", "Certificates"]),
    (Class::Gateway, &["Id", "InstanceId", "IsManaged"]),
    (Class::LastError, &["Source", "Reason", "Message", "Scope", "Section", "Path", "PolicyId"]),
    (
        Class::Jwt,
        &[
            "Algorithm",
            "Audiences",
            "Claims",
            "ExpirationTime",
            "Id",
            "Issuer",
            "IssuedAt",
            "NotBefore",
            "Subject",
            "Type",
        ],
    ),
    (Class::BasicAuthCredentials, &["UserId", "Password", "Username"]),
    (Class::Authorization, &["AccessToken", "Claims"]),
    (Class::HashAlgorithmName, &["Name"]),
    (Class::Oid, &["Value", "FriendlyName"]),
    (Class::TransitionTime, &["TimeOfDay", "Month", "Week", "Day", "DayOfWeek", "IsFixedDateRule"]),
    (Class::RsaSignaturePadding, &["Mode"]),
    (Class::KeySizes, &["MinSize", "MaxSize", "SkipSize"]),
    (Class::Rsa, &["KeySize", "LegalKeySizes", "KeyExchangeAlgorithm", "SignatureAlgorithm"]),
    (Class::XName, &["LocalName", "Namespace", "NamespaceName"]),
    (Class::XNamespace, &["NamespaceName"]),
    (Class::HmacSha384, OF_LONG_HMAC),
    (Class::HmacSha512, OF_LONG_HMAC),
    (Class::Hmac, OF_HMAC),
    (Class::HashAlgorithm, OF_HASH),
    (Class::Match, OF_MATCH),
    (Class::Group, OF_GROUP),
    (Class::Capture, OF_CAPTURE),
    (Class::Random, &[]),
    (Class::StringReader, &[]),
];

const OF_LONG_HMAC: &[&str] = &[
    "ProduceLegacyHmacValues",
    "Key",
    "HashName",
    "HashSize",
    "Hash",
    "InputBlockSize",
    "OutputBlockSize",
    "CanTransformMultipleBlocks",
    "CanReuseTransform",
];
// Each has the properties of the one that it derives from behind its own.
const OF_HMAC: &[&str] = OF_LONG_HMAC.split_at(1).1;
const OF_HASH: &[&str] = OF_HMAC.split_at(2).1;

const OF_MATCH: &[&str] = &["Groups", "Success", "Name", "Captures", "Index", "Length", "Value"];
const OF_GROUP: &[&str] = OF_MATCH.split_at(1).1;
const OF_CAPTURE: &[&str] = OF_GROUP.split_at(3).1;

/// Names of properties and what they hold.
pub(super) type Members = Vec<(Arc<str>, Value)>;

/// The properties of the value and what they hold; `None` for a value that is no object of properties.
pub(super) fn of(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<Members>> {
    let admits = |class: Class| Ty::Class(class).admits(value);
    let Some((class, names)) = WRITTEN.iter().find(|(class, _)| admits(*class)) else {
        return super::unlisted::of(call, value);
    };
    named(call, value, *class, names).map(Some)
}

/// The properties of these names and what they hold.
pub(super) fn named(call: &mut Call<'_, '_>, value: &Value, class: Class, names: &[&str]) -> Outcome<Members> {
    names.iter().map(|name| Ok((Arc::from(*name), property(call, value, class, name)?))).collect()
}

/// What a property of the value holds, that its class or one above it has.
pub(super) fn property(call: &mut Call<'_, '_>, value: &Value, class: Class, name: &str) -> Outcome<Value> {
    let found = TABLE.named(name).iter().find(|member| is_property(class, member));
    match found.map(|member| member.run) {
        Some(run) => call.machine.property(run, value, &[]),
        None => Ok(Value::Null),
    }
}

fn is_property(class: Class, member: &Member) -> bool {
    Ty::Class(class).converts_to(&member.owner) && member.form == Form::Property && !member.is_static
}

#[cfg(test)]
mod tests {
    use super::{TABLE, WRITTEN, is_property};

    #[test]
    fn every_property_that_is_written_is_a_member() {
        for (class, names) in WRITTEN {
            for name in *names {
                let is_it = TABLE.named(name).iter().any(|member| is_property(*class, member));
                assert!(is_it, "{class:?} has no property {name}");
            }
        }
    }
}
