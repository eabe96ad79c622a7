//! `ICryptoTransform`, and the methods of `SymmetricAlgorithm` for one message, which check what they are given and then refuse.

use super::symmetric::{BAD_PADDING, Symmetric, not_overridden, one_vector, padding_of};
use super::{bytes, chance, cryptographic, disposed, put, spend};
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, argument, argument_null, out_of_range};
use crate::expr::instance::State;
use crate::expr::ty::Ty;
use crate::pki::cipher::{CipherFault, Direction, Keyed, Kind, Mode, Padding, pad, unpad};
use crate::value::Value;

const OWNER: &str = "ICryptoTransform";
const ONE: &str = "SymmetricAlgorithm";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "int InputBlockSize", |call| Ok(string::index(call.state(0, |this: &mut Transform| this.share())?))),
    row(OWNER, "int OutputBlockSize", |call| Ok(string::index(call.state(0, |this: &mut Transform| this.share())?))),
    row(OWNER, "bool CanTransformMultipleBlocks", |_| Ok(Value::Bool(true))),
    row(OWNER, "bool CanReuseTransform", |_| Ok(Value::Bool(true))),
    row(
        OWNER,
        "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)",
        transform_block,
    ),
    row(OWNER, "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", |call| {
        let input = call.bytes(1, "inputBuffer")?;
        let part = part(call, &input)?;
        call.machine.charge(part.len() * 2)?;
        spend(call, part.len())?;
        let mut filler = chance(call);
        let done = call.state(0, |this: &mut Transform| this.last(part, || filler.byte()))?;
        let done =
            done.map_err(fault)?.ok_or_else(|| disposed("Microsoft.Win32.SafeHandles.SafeEvpCipherCtxHandle"))?;
        bytes(call, done)
    }),
    row(OWNER, "void Dispose()", |call| {
        call.state(0, |this: &mut Transform| this.keyed = None)?;
        Ok(Value::Null)
    }),
    row(ONE, "byte[] EncryptEcb(byte[] plaintext, PaddingMode paddingMode)", |call| {
        one(call, Direction::Encrypt, 2, None)
    }),
    row(ONE, "byte[] DecryptEcb(byte[] ciphertext, PaddingMode paddingMode)", |call| {
        one(call, Direction::Decrypt, 2, None)
    }),
    row(ONE, "byte[] EncryptCbc(byte[] plaintext, byte[] iv)", |call| one(call, Direction::Encrypt, 3, Some(2))),
    row(ONE, "byte[] EncryptCbc(byte[] plaintext, byte[] iv, PaddingMode paddingMode)", |call| {
        one(call, Direction::Encrypt, 3, Some(2))
    }),
    row(ONE, "byte[] DecryptCbc(byte[] ciphertext, byte[] iv)", |call| one(call, Direction::Decrypt, 3, Some(2))),
    row(ONE, "byte[] DecryptCbc(byte[] ciphertext, byte[] iv, PaddingMode paddingMode)", |call| {
        one(call, Direction::Decrypt, 3, Some(2))
    }),
    row(ONE, "byte[] EncryptCfb(byte[] plaintext, byte[] iv)", |call| one(call, Direction::Encrypt, 3, Some(2))),
    row(
        ONE,
        "byte[] EncryptCfb(byte[] plaintext, byte[] iv, PaddingMode paddingMode, int feedbackSizeInBits = 8)",
        |call| one(call, Direction::Encrypt, 3, Some(2)),
    ),
    row(ONE, "byte[] DecryptCfb(byte[] ciphertext, byte[] iv)", |call| one(call, Direction::Decrypt, 3, Some(2))),
    row(
        ONE,
        "byte[] DecryptCfb(byte[] ciphertext, byte[] iv, PaddingMode paddingMode, int feedbackSizeInBits = 8)",
        |call| one(call, Direction::Decrypt, 3, Some(2)),
    ),
    row(ONE, "int GetCiphertextLengthEcb(int plaintextLength, PaddingMode paddingMode)", |call| {
        let block = call.state(0, |this: &mut Symmetric| this.kind.block())?;
        let padding = padding(call, 2)?;
        length(call.int(1)?, block, padding, BLOCK)
    }),
    row(ONE, "int GetCiphertextLengthCbc(int plaintextLength)", |call| {
        let block = call.state(0, |this: &mut Symmetric| this.kind.block())?;
        length(call.int(1)?, block, Padding::Pkcs7, BLOCK)
    }),
    row(ONE, "int GetCiphertextLengthCbc(int plaintextLength, PaddingMode paddingMode)", |call| {
        let block = call.state(0, |this: &mut Symmetric| this.kind.block())?;
        let padding = padding(call, 2)?;
        length(call.int(1)?, block, padding, BLOCK)
    }),
    row(ONE, "int GetCiphertextLengthCfb(int plaintextLength)", |call| {
        length(call.int(1)?, 1, Padding::None, FEEDBACK)
    }),
    row(
        ONE,
        "int GetCiphertextLengthCfb(int plaintextLength, PaddingMode paddingMode, int feedbackSizeInBits = 8)",
        |call| {
            let padding = padding(call, 2)?;
            let share = feedback(call.int(3)?)?;
            length(call.int(1)?, share, padding, FEEDBACK)
        },
    ),
];

const BLOCK: &str = "block";
const FEEDBACK: &str = "feedback";

/// `ICryptoTransform` of a `SymmetricAlgorithm`.
pub(super) struct Transform {
    keyed: Option<Keyed>,
    mode: Mode,
    padding: Padding,
    direction: Direction,
    start: Vec<u8>,
    vector: Vec<u8>,
    /// The last block of a decryption, which may be padding.
    held: Vec<u8>,
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform").field("mode", &self.mode).field("padding", &self.padding).finish_non_exhaustive()
    }
}

impl State for Transform {
    fn text(&self, _ty: &Ty) -> String {
        let name =
            if self.direction == Direction::Encrypt { "UniversalCryptoEncryptor" } else { "UniversalCryptoDecryptor" };
        format!("System.Security.Cryptography.{name}")
    }
}

impl Transform {
    pub(super) fn new(
        kind: Kind,
        key: &[u8],
        mode: Mode,
        padding: Padding,
        direction: Direction,
        vector: Vec<u8>,
    ) -> Option<Self> {
        let keyed = Some(Keyed::new(kind, key)?);
        Some(Self { keyed, mode, padding, direction, start: vector.clone(), vector, held: Vec::new() })
    }

    // What is processed at once.
    fn share(&self) -> usize {
        match self.mode {
            Mode::Cfb(share) => share,
            Mode::Cbc | Mode::Ecb => self.start.len(),
        }
    }

    fn holds_back(&self) -> bool {
        self.direction == Direction::Decrypt && !matches!(self.padding, Padding::None | Padding::Zeros)
    }

    // Whole blocks; nothing when it was disposed of.
    fn blocks(&mut self, part: &[u8]) -> Option<Vec<u8>> {
        let share = self.share();
        let holds_back = self.holds_back();
        let keyed = self.keyed.as_ref()?;
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(part);
        if holds_back && input.len() >= share {
            self.held = input.split_off(input.len() - share);
        }
        keyed.run(self.direction, self.mode, &mut self.vector, &mut input);
        Some(input)
    }

    // The rest, with its padding; afterwards it begins anew.
    fn last(&mut self, part: &[u8], filler: impl FnMut() -> u8) -> Result<Option<Vec<u8>>, CipherFault> {
        let share = self.share();
        let Some(keyed) = self.keyed.as_ref() else { return Ok(None) };
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(part);
        match self.direction {
            Direction::Encrypt => pad(&mut input, share, self.padding, filler)?,
            Direction::Decrypt if !input.len().is_multiple_of(share) => return Err(CipherFault::Incomplete),
            Direction::Decrypt => {}
        }
        keyed.run(self.direction, self.mode, &mut self.vector, &mut input);
        self.vector.clone_from(&self.start);
        if self.direction == Direction::Decrypt {
            unpad(&mut input, share, self.padding)?;
        }
        Ok(Some(input))
    }
}

fn fault(fault: CipherFault) -> crate::expr::Interrupt {
    cryptographic(match fault {
        CipherFault::Incomplete => "The input data is not a complete block.",
        CipherFault::Padding => "Padding is invalid and cannot be removed.",
    })
}

/// All of a message at once.
pub(super) fn finish(call: &mut Call<'_, '_>, transform: &mut Transform, input: &[u8]) -> Outcome<Value> {
    call.machine.charge(input.len() * 2)?;
    spend(call, input.len())?;
    let mut filler = chance(call);
    let done = transform.last(input, || filler.byte()).map_err(fault)?;
    bytes(call, done.unwrap_or_default())
}

const RANGE: &str = "Offset and length were out of bounds for the array or count is greater than the number of elements \
                     from index to the end of the source collection.";

fn part<'b>(call: &Call<'_, '_>, input: &'b [u8]) -> Outcome<&'b [u8]> {
    let offset = string::not_negative(call.int(2)?, "inputOffset")?;
    if offset > input.len() {
        return Err(out_of_range(RANGE, "inputOffset"));
    }
    let count = string::not_negative(call.int(3)?, "inputCount")?;
    let end = offset.checked_add(count);
    end.and_then(|end| input.get(offset..end)).ok_or_else(|| out_of_range(RANGE, "inputCount"))
}

fn transform_block(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let input = call.bytes(1, "inputBuffer")?;
    let part = part(call, &input)?;
    let share = call.state(0, |this: &mut Transform| this.share())?;
    if part.is_empty() || part.len() % share != 0 {
        return Err(out_of_range("TransformBlock may only process bytes in block sized increments.", "inputCount"));
    }
    if call.value(4).is_null() {
        return Err(argument_null("outputBuffer"));
    }
    let room = call.bytes(4, "outputBuffer")?.len();
    let to = string::not_negative(call.int(5)?, "outputOffset")?;
    if room.checked_sub(to).is_none_or(|room| room < part.len()) {
        return Err(out_of_range(RANGE, "outputOffset"));
    }
    call.machine.charge(part.len() * 2)?;
    spend(call, part.len())?;
    let done = call.state(0, |this: &mut Transform| this.blocks(part))?;
    let done = done.ok_or_else(|| disposed("Microsoft.Win32.SafeHandles.SafeEvpCipherCtxHandle"))?;
    put(call.value(4), to, &done)?;
    Ok(string::index(done.len()))
}

fn padding(call: &Call<'_, '_>, index: usize) -> Outcome<Padding> {
    padding_of(call.number(index)?).ok_or_else(|| out_of_range(BAD_PADDING, "paddingMode"))
}

fn feedback(bits: i32) -> Outcome<usize> {
    match usize::try_from(bits) {
        Ok(bits) if bits > 0 && bits % 8 == 0 => Ok(bits / 8),
        Ok(bits) if bits > 0 => {
            Err(argument("The value specified in bits must be a whole number of bytes.", "feedbackSizeInBits"))
        }
        _ => Err(out_of_range(
            &format!("feedbackSizeInBits ('{bits}') must be a non-negative and non-zero value."),
            "feedbackSizeInBits",
        )),
    }
}

fn length(plain: i32, share: usize, padding: Padding, unit: &str) -> Outcome<Value> {
    let plain = string::not_negative(plain, "plaintextLength")?;
    let over = plain % share;
    let total = match padding {
        Padding::None | Padding::Zeros if over == 0 => plain,
        Padding::None => {
            let message = format!("The specified plaintext size is not valid for the padding and {unit} size.");
            return Err(argument(&message, "plaintextLength"));
        }
        Padding::Pkcs7 | Padding::Zeros | Padding::Ansi | Padding::Iso => plain - over + share,
    };
    Ok(string::index(total))
}

// `EncryptCbc` and its kind: what can be checked is, then what .NET 8 does with the objects of `Create(name)` happens.
fn one(call: &mut Call<'_, '_>, direction: Direction, mode: usize, vector: Option<usize>) -> Outcome<Value> {
    let parameter = if direction == Direction::Encrypt { "plaintext" } else { "ciphertext" };
    let input = call.bytes(1, parameter)?;
    if let Some(index) = vector {
        one_vector(call, index)?;
    }
    let is_feedback = call.arguments.len() > 4;
    let padding = if call.arguments.len() > mode { padding(call, mode)? } else { Padding::Pkcs7 };
    if direction == Direction::Encrypt {
        let block = call.state(0, |this: &mut Symmetric| this.kind.block())?;
        let (share, unit) = if is_feedback { (feedback(call.int(4)?)?, FEEDBACK) } else { (block, BLOCK) };
        length(i32::try_from(input.len()).unwrap_or(i32::MAX), share, padding, unit)?;
    }
    Err(not_overridden())
}
