//! Which orders of numbers, months and years make a date or a time, as a state machine over the parts of a text. Reads no text.

/// A part of a text, together with what separates it from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    End,
    NumberEnd,
    /// `5 PM`
    NumberHalf,
    NumberBlank,
    /// A slash or a dash behind it
    NumberMark,
    NumberColon,
    /// `2024年`
    NumberDateSign,
    /// `13時`
    NumberTimeSign,
    MonthEnd,
    MonthBlank,
    MonthMark,
    Weekday,
    YearEnd,
    YearBlank,
    YearMark,
    Zone,
    Era,
    /// A number with a `T` behind it
    Clock,
}

/// What was read so far since the last date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Begin,
    Number,
    Numbers,
    NumberMark,
    TwoNumbers,
    TwoNumbersMark,
    Month,
    MonthNumber,
    NumberMonth,
    MonthNumberMark,
    NumberSignedDate,
    Year,
    YearNumber,
    YearNumberMark,
    YearMonth,
    YearMonthMark,
    SignedDate,
    SignedTime,
    HourMark,
    HourMinuteMark,
}

/// A date or a time that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    TwoNumbers,
    ThreeNumbers,
    MonthNumber,
    NumberMonth,
    MonthTwoNumbers,
    SignedDate,
    SignedDateNumber,
    NumberSignedDate,
    NumbersSignedDate,
    YearTwoNumbers,
    YearMonthNumber,
    YearNumber,
    YearMonth,
    TwoNumbersYear,
    Hour,
    HourMinute,
    HourMinuteSecond,
    SignedTime,
}

/// Where a part leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nowhere: .NET has no such order.
    Nothing,
    State(State),
    Fact(Fact),
}

impl Next {
    /// Whether something is complete then.
    pub(super) const fn is_fact(self) -> bool {
        matches!(self, Self::Fact(_))
    }
}

/// Where a part leads from here.
pub(super) fn next(state: State, input: Input) -> Next {
    // What stands anywhere beside a date.
    match (input, state) {
        (Input::Weekday, State::YearNumberMark) => return Next::State(State::YearNumber),
        (Input::Weekday, State::YearMonthMark) => return Next::State(State::YearMonth),
        (Input::Era, State::YearNumberMark) => return Next::State(State::YearNumber),
        (Input::Era, State::YearMonthMark) => return Next::State(State::YearMonth),
        (Input::Weekday, State::HourMark) => return Next::Nothing,
        (Input::Weekday | Input::Era, state) => return Next::State(state),
        (
            Input::Zone,
            State::Begin | State::Number | State::Numbers | State::SignedTime | State::HourMark | State::HourMinuteMark,
        ) => return Next::State(state),
        (Input::Zone | Input::Clock, _) => return Next::Nothing,
        _ => {}
    }
    match state {
        State::Begin => begin(input),
        State::Number | State::NumberMark => behind_number(state, input),
        State::Numbers | State::TwoNumbers | State::TwoNumbersMark => behind_two_numbers(state, input),
        State::Month | State::MonthNumber | State::NumberMonth | State::MonthNumberMark => behind_month(state, input),
        State::Year | State::YearNumber | State::YearNumberMark | State::YearMonth | State::YearMonthMark => {
            behind_year(state, input)
        }
        State::SignedDate | State::SignedTime | State::NumberSignedDate => behind_sign(state, input),
        State::HourMark | State::HourMinuteMark => in_time(state, input),
    }
}

fn begin(input: Input) -> Next {
    Next::State(match input {
        Input::End => State::Begin,
        Input::NumberHalf => return Next::Fact(Fact::Hour),
        Input::NumberBlank => State::Number,
        Input::NumberMark => State::NumberMark,
        Input::NumberColon => State::HourMark,
        Input::MonthBlank | Input::MonthMark => State::Month,
        Input::NumberDateSign => State::SignedDate,
        Input::NumberTimeSign => State::SignedTime,
        Input::YearBlank | Input::YearMark => State::Year,
        _ => return Next::Nothing,
    })
}

fn behind_number(state: State, input: Input) -> Next {
    let has_mark = state == State::NumberMark;
    match input {
        Input::NumberEnd => Next::Fact(Fact::TwoNumbers),
        Input::NumberHalf if !has_mark => Next::Fact(Fact::HourMinute),
        Input::NumberBlank => Next::State(if has_mark { State::TwoNumbers } else { State::Numbers }),
        Input::NumberMark => Next::State(State::TwoNumbersMark),
        Input::MonthEnd => Next::Fact(Fact::NumberMonth),
        Input::MonthBlank => Next::State(if has_mark { State::MonthNumber } else { State::NumberMonth }),
        Input::MonthMark => Next::State(State::MonthNumberMark),
        Input::NumberDateSign if !has_mark => Next::State(State::NumberSignedDate),
        Input::YearBlank => Next::State(State::YearNumber),
        Input::YearMark => Next::State(State::YearNumberMark),
        Input::YearEnd => Next::Fact(Fact::YearNumber),
        _ => Next::Nothing,
    }
}

fn behind_two_numbers(state: State, input: Input) -> Next {
    let has_mark = state == State::TwoNumbersMark;
    match input {
        Input::End if !has_mark => Next::Fact(Fact::TwoNumbers),
        Input::NumberEnd | Input::NumberBlank => Next::Fact(Fact::ThreeNumbers),
        Input::NumberHalf => Next::Fact(match state {
            State::Numbers => Fact::HourMinuteSecond,
            State::TwoNumbers => Fact::Hour,
            _ => Fact::ThreeNumbers,
        }),
        Input::NumberColon if !has_mark => Next::State(State::HourMark),
        Input::MonthEnd | Input::MonthBlank => Next::Fact(Fact::MonthTwoNumbers),
        Input::NumberDateSign if state != State::Numbers => Next::Fact(Fact::SignedDate),
        Input::NumberTimeSign if !has_mark => Next::State(State::SignedTime),
        Input::YearBlank | Input::YearEnd => Next::Fact(Fact::TwoNumbersYear),
        _ => Next::Nothing,
    }
}

fn behind_month(state: State, input: Input) -> Next {
    let (is_alone, has_mark) = (state == State::Month, state == State::MonthNumberMark);
    match input {
        Input::End if state == State::MonthNumber => Next::Fact(Fact::MonthNumber),
        Input::End if state == State::NumberMonth => Next::Fact(Fact::NumberMonth),
        Input::NumberEnd if is_alone => Next::Fact(Fact::MonthNumber),
        Input::NumberBlank if is_alone => Next::State(State::MonthNumber),
        Input::NumberMark if is_alone => Next::State(State::MonthNumberMark),
        Input::NumberEnd | Input::NumberBlank if !is_alone => Next::Fact(Fact::MonthTwoNumbers),
        Input::NumberHalf if !is_alone && !has_mark => Next::Fact(Fact::MonthTwoNumbers),
        Input::NumberColon if !is_alone && !has_mark => Next::State(State::HourMark),
        Input::NumberDateSign if !is_alone && !has_mark => Next::Fact(Fact::SignedDate),
        Input::NumberTimeSign if !is_alone && !has_mark => Next::State(State::SignedTime),
        Input::YearBlank if is_alone => Next::State(State::YearMonth),
        Input::YearMark if is_alone => Next::State(State::YearMonthMark),
        Input::YearEnd if is_alone => Next::Fact(Fact::YearMonth),
        Input::YearBlank | Input::YearEnd => Next::Fact(Fact::YearMonthNumber),
        _ => Next::Nothing,
    }
}

fn behind_year(state: State, input: Input) -> Next {
    let is_number = matches!(input, Input::NumberEnd | Input::NumberHalf | Input::NumberBlank);
    match state {
        State::Year => match input {
            Input::NumberEnd => Next::Fact(Fact::YearNumber),
            Input::NumberBlank => Next::State(State::YearNumber),
            Input::NumberMark => Next::State(State::YearNumberMark),
            Input::MonthEnd => Next::Fact(Fact::YearMonth),
            Input::MonthBlank | Input::NumberDateSign => Next::State(State::YearMonth),
            Input::MonthMark => Next::State(State::YearMonthMark),
            _ => Next::Nothing,
        },
        State::YearNumber if input == Input::End => Next::Fact(Fact::YearNumber),
        State::YearMonth if input == Input::End => Next::Fact(Fact::YearMonth),
        State::YearNumber | State::YearNumberMark => match input {
            Input::MonthEnd | Input::MonthBlank => Next::Fact(Fact::YearMonthNumber),
            _ if is_number => Next::Fact(Fact::YearTwoNumbers),
            _ => Next::Nothing,
        },
        _ if is_number => Next::Fact(Fact::YearMonthNumber),
        _ => Next::Nothing,
    }
}

fn behind_sign(state: State, input: Input) -> Next {
    match (state, input) {
        (State::NumberSignedDate, Input::End) => Next::Fact(Fact::NumberSignedDate),
        (State::NumberSignedDate, Input::NumberEnd | Input::NumberHalf | Input::NumberBlank) => {
            Next::Fact(Fact::NumbersSignedDate)
        }
        (State::NumberSignedDate, Input::NumberDateSign) => Next::State(State::NumberSignedDate),
        (State::SignedDate, Input::End) => Next::Fact(Fact::SignedDate),
        (State::SignedDate, Input::NumberEnd) => Next::Fact(Fact::SignedDateNumber),
        (State::SignedDate, Input::NumberHalf) => Next::Fact(Fact::Hour),
        (State::SignedTime, Input::End | Input::NumberEnd | Input::NumberHalf) => Next::Fact(Fact::SignedTime),
        (State::SignedTime, Input::NumberMark) => Next::State(State::NumberMark),
        (State::SignedDate | State::SignedTime, Input::NumberBlank)
        | (State::SignedDate | State::NumberSignedDate, Input::NumberColon) => Next::State(State::HourMark),
        (State::SignedDate | State::SignedTime, Input::NumberDateSign) => Next::State(State::SignedDate),
        (_, Input::NumberTimeSign) => Next::State(State::SignedTime),
        _ => Next::Nothing,
    }
}

fn in_time(state: State, input: Input) -> Next {
    let is_first = state == State::HourMark;
    match input {
        Input::NumberEnd | Input::NumberHalf | Input::NumberBlank => {
            Next::Fact(if is_first { Fact::HourMinute } else { Fact::HourMinuteSecond })
        }
        Input::NumberColon if is_first => Next::State(State::HourMinuteMark),
        Input::MonthEnd if is_first => Next::Fact(Fact::NumberMonth),
        Input::MonthBlank if is_first => Next::State(State::NumberMonth),
        Input::NumberTimeSign => Next::State(State::SignedTime),
        _ => Next::Nothing,
    }
}
