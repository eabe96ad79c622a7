//! Labels of hosts in ASCII (RFC 3492), as `Uri.IdnHost` shows them. Decodes nothing.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;

/// The host with every label in ASCII; one that cannot be written so stays as it is.
pub(super) fn ascii(host: &str) -> String {
    let labels = host.split('.').map(|label| match label.is_ascii() {
        true => label.to_owned(),
        false => encoded(label).map_or_else(|| label.to_owned(), |text| format!("xn--{text}")),
    });
    labels.collect::<Vec<_>>().join(".")
}

fn encoded(label: &str) -> Option<String> {
    let codes: Vec<u32> = label.chars().map(u32::from).collect();
    let mut text: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(text.len()).ok()?;
    if basic > 0 {
        text.push('-');
    }
    let (mut next, mut delta, mut bias, mut handled) = (128_u32, 0_u32, 72_u32, basic);
    while let Some(code) = codes.iter().copied().filter(|code| *code >= next).min() {
        delta = delta.checked_add(code.checked_sub(next)?.checked_mul(handled.checked_add(1)?)?)?;
        next = code;
        for other in &codes {
            if *other < next {
                delta = delta.checked_add(1)?;
            }
            if *other != next {
                continue;
            }
            push(&mut text, delta, bias)?;
            bias = adapted(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta = delta.checked_add(1)?;
        next = next.checked_add(1)?;
    }
    Some(text)
}

// A number of variable length.
fn push(text: &mut String, delta: u32, bias: u32) -> Option<()> {
    let (mut rest, mut k) = (delta, BASE);
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            text.push(digit(rest)?);
            return Some(());
        }
        text.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
        rest = (rest - threshold) / (BASE - threshold);
        k += BASE;
    }
}

fn digit(value: u32) -> Option<char> {
    char::from_u32(if value < 26 { u32::from('a') + value } else { u32::from('0') + value - 26 })
}

fn adapted(delta: u32, count: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + 38)
}
