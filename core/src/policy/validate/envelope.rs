//! SOAP envelopes of version 1.1 and 1.2: what stands in their bodies, each as a document of its own. Holds nothing against a schema.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::expr::xml::{
    Blanks, Duplicates, Failure, Kind, Layout, Lines, Name, Part, Reading, Root, XMLNS, XNode, read,
};
use crate::http::media::MediaType;
use crate::policy::run::BODY_BYTES_MAX;

/// The namespace of SOAP 1.1.
const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// The namespace of SOAP 1.2.
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The most nodes of an envelope.
const NODES_MAX: usize = 1_000_000;

/// Why there is nothing to validate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is not XML; in words.
    Unreadable(String),
    /// It is XML, but not such an envelope; in words.
    NoEnvelope(String),
}

/// The elements in the body of an envelope, as texts that stand alone; a fault is none of them.
pub(super) fn bodies(text: &str, media: &str) -> Result<Vec<String>, Unfit> {
    let reading = Reading { root: Root::Element, blanks: Blanks::Kept, nodes_max: NODES_MAX };
    let (envelope, _) = read(&Arc::from(text), reading).map_err(|failure| match failure {
        Failure::Syntax(why) => Unfit::Unreadable(why),
        Failure::TooLarge => Unfit::Unreadable("it is too large".to_owned()),
    })?;
    let no_envelope = |why: &str| Err(Unfit::NoEnvelope(why.to_owned()));
    let Some(name) = envelope.name().filter(|name| &*name.local == "Envelope") else {
        return no_envelope("The root element is not a SOAP envelope.");
    };
    let namespace = &*name.namespace;
    if ![SOAP_1_1, SOAP_1_2].contains(&namespace) {
        return no_envelope("The envelope is in no namespace of SOAP 1.1 or 1.2.");
    }
    if version_of(media).is_some_and(|version| version != namespace) {
        return no_envelope("The version of the envelope does not fit the content type.");
    }
    let of_soap = |node: &XNode, local: &str| {
        node.name().is_some_and(|name| &*name.namespace == namespace && &*name.local == local)
    };
    let mut found = envelope.each(Part::Content).filter(|node| of_soap(node, "Body"));
    let (Some(body), None) = (found.next(), found.next()) else {
        return no_envelope("The envelope does not hold one body.");
    };
    let children: Vec<XNode> = body.each(Part::Content).filter(XNode::is_element).collect();
    let content = children.into_iter().filter(|child| !of_soap(child, "Fault"));
    content.map(|child| alone(&child)).collect()
}

// RFC 3902 and SOAP 1.1 §6: these two types say which version it is.
fn version_of(media: &str) -> Option<&'static str> {
    let media = MediaType::parse(media)?;
    let is = |other: &str| MediaType::parse(other).is_some_and(|other| media.is_same_type(&other));
    if is("application/soap+xml") {
        Some(SOAP_1_2)
    } else if is("text/xml") {
        Some(SOAP_1_1)
    } else {
        None
    }
}

// The element with the declarations of namespaces that were in force where it stood: values may use their prefixes.
fn alone(child: &XNode) -> Result<String, Unfit> {
    let mut seen: BTreeSet<Arc<str>> = child.declarations().into_iter().map(|(prefix, _)| prefix).collect();
    let mut outer = Vec::new();
    for above in std::iter::successors(child.parent(), XNode::parent) {
        for (prefix, namespace) in above.declarations() {
            if seen.insert(Arc::clone(&prefix)) && !namespace.is_empty() {
                outer.push((prefix, namespace));
            }
        }
    }
    child.detach();
    let unwritten = || Unfit::Unreadable("it cannot be taken out of its envelope".to_owned());
    for (prefix, namespace) in outer {
        let name = match &*prefix {
            "" => Name::local("xmlns"),
            _ => Name { namespace: Arc::from(XMLNS), local: prefix },
        };
        child.append(Part::Attributes, &XNode::new(Kind::Attribute(name, namespace))).map_err(|_| unwritten())?;
    }
    let layout = Layout { lines: Lines::AsTheyAre, duplicates: Duplicates::Written };
    child.text(layout, usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX)).map_err(|_| unwritten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_body_stands_alone() {
        let text = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='urn:x' xmlns='urn:d'><s:Header/>\
            <s:Body xmlns:y='urn:y'><x:a t='y:z'><b/></x:a> <c xmlns=''/><s:Fault/></s:Body></s:Envelope>";
        let found = bodies(text, "text/xml; charset=utf-8").unwrap();
        assert_eq!(found.len(), 2);
        for declaration in ["xmlns:x=\"urn:x\"", "xmlns:y=\"urn:y\"", "xmlns=\"urn:d\"", "t=\"y:z\""] {
            assert!(found[0].contains(declaration), "{}", found[0]);
        }
        assert!(found[1].starts_with("<c xmlns=\"\""), "{}", found[1]);
    }

    #[test]
    fn what_is_no_envelope_is_told() {
        let envelope = |namespace: &str, inner: &str| format!("<e:Envelope xmlns:e='{namespace}'>{inner}</e:Envelope>");
        let cases = [
            ("<a/>".to_owned(), "text/xml", "not a SOAP envelope"),
            (envelope("urn:other", "<e:Body/>"), "text/xml", "in no namespace"),
            (envelope(SOAP_1_2, "<e:Body/>"), "text/xml", "does not fit"),
            (envelope(SOAP_1_1, "<e:Body/>"), "application/soap+xml", "does not fit"),
            (envelope(SOAP_1_1, "<e:Header/>"), "application/xml", "does not hold one body"),
            (envelope(SOAP_1_1, "<e:Body/><e:Body/>"), "application/xml", "does not hold one body"),
        ];
        for (text, media, expected) in cases {
            let Err(Unfit::NoEnvelope(why)) = bodies(&text, media) else { panic!("{text}") };
            assert!(why.contains(expected), "{why}");
        }
        assert!(matches!(bodies("<a>", "text/xml"), Err(Unfit::Unreadable(_))));
        assert_eq!(bodies(&envelope(SOAP_1_2, "<e:Body/>"), "application/soap+xml"), Ok(Vec::new()));
    }
}
