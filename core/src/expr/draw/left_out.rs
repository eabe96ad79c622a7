//! The members that are never drawn, with the reason: they are chance, the clock, the machine, or what no two runtimes agree on.

use crate::expr::bcl::Member;

/// By `Type.Member`; `*` is every member of the type, or the member of every type.
const LEFT_OUT: &[(&str, &str)] = &[
    ("Guid.NewGuid", "chance"),
    ("Random.*", "chance"),
    ("DateTime.Now", "the clock"),
    ("DateTime.UtcNow", "the clock"),
    ("DateTime.Today", "the clock"),
    ("DateTimeOffset.Now", "the clock"),
    ("DateTimeOffset.UtcNow", "the clock"),
    ("DateTime.ParseExact", "a text without a date means the clock's"),
    ("*.GetHashCode", "hash codes are seeded by the process"),
    ("Exception.StackTrace", "names the frames of the runtime"),
    ("Exception.Source", "names an assembly"),
    ("Exception.TargetSite", "names a method of the runtime"),
    ("Exception.HelpLink", "means nothing here"),
    ("IMessageBody.*", "a body can be read once"),
    ("XNamespace.op_Addition", "is written as an operator"),
    ("IContext.Trace", "has no result"),
    ("IDeployment.SustainabilityInfo", "the oracle's `context` lacks it"),
    ("IDeployment.Certificates", "the oracle's `context` has none"),
    ("IRequest.PrivateEndpointConnection", "the oracle's `context` lacks it"),
    ("IContext.GraphQL", "the oracle's `context` lacks it"),
    ("IGraphQL.*", "the oracle's `context` lacks it"),
    ("IEnumerable.Ancestors", "C# 7 asks which of two extensions is meant"),
    ("IEnumerable.Descendants", "C# 7 asks which of two extensions is meant"),
    ("ListDictionaryInternal.Keys", "is of a nested class without a name"),
    ("ListDictionaryInternal.Values", "is of a nested class without a name"),
    ("RSA.Create", "chance"),
    ("*.ReciprocalEstimate", "as exact as the processor is"),
    ("*.ReciprocalSqrtEstimate", "as exact as the processor is"),
    ("RandomNumberGenerator.*", "chance"),
    ("RNGCryptoServiceProvider.*", "chance"),
    ("*.GenerateKey", "chance"),
    ("*.GenerateIV", "chance"),
    ("*.VerifyNoRevocation", "asks the machine's store"),
    ("*.Verify", "asks the machine's store"),
    ("string.IsInterned", "asks the runtime which texts it has seen"),
];

/// Types whose objects are chance from their beginning.
const CHANCE: &[&str] = &["Random", "RNGCryptoServiceProvider", "RandomNumberGenerator", "IMessageBody"];

/// Types whose objects are chance when nothing is given to them.
const CHANCE_ALONE: &[&str] = &["HMACMD5", "HMACSHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512"];

/// Whether the member is left out of drawn programs.
pub(super) fn is_left_out(member: &Member) -> bool {
    let owner = member.owner.to_string();
    let owner = owner.split('<').next().unwrap_or_default();
    let is_named = LEFT_OUT.iter().any(|(name, _)| {
        name.split_once('.').is_some_and(|(ty, of)| (ty == "*" || ty == owner) && (of == "*" || of == &*member.name))
    });
    let is_alone = &*member.name == "new" && member.parameters.is_empty() && CHANCE_ALONE.contains(&owner);
    is_named || is_alone || CHANCE.contains(&member.result.to_string().as_str())
}
