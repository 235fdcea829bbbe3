#include "recommend/filter_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/error.h"
#include "recommend/import_reader.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {

namespace {

template <class Value>
struct named {
  std::string_view name;
  Value value;
};

constexpr std::array<named<filter_subject>, 3> subjects = {
    {{"ItemID", filter_subject::items}, {"UserID", filter_subject::users}, {"ActionID", filter_subject::actions}}};

// The guide of Personalize writes Actions in both ways.
constexpr std::array<named<filter_dataset>, 6> datasets_by_name = {
    {{"Interactions", filter_dataset::interactions},
     {"Items", filter_dataset::items},
     {"Users", filter_dataset::users},
     {"Actions", filter_dataset::actions},
     {"Action_Interactions", filter_dataset::action_interactions},
     {"Action", filter_dataset::actions}}};

constexpr std::array<named<filter_test>, 8> tests = {{{"IN", filter_test::in},
                                                      {"NOT IN", filter_test::not_in},
                                                      {"=", filter_test::equal},
                                                      {"!=", filter_test::not_equal},
                                                      {"<", filter_test::less},
                                                      {"<=", filter_test::less_or_equal},
                                                      {">", filter_test::greater},
                                                      {">=", filter_test::greater_or_equal}}};

constexpr std::string_view event_type = "EVENT_TYPE";

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) {
  return std::ranges::find_if(names, [&](const auto& one) { return one.value == value; })->name;
}

bool same_word(std::string_view a, std::string_view b) {
  return upper(a) == upper(b);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool holds_events(filter_dataset dataset) {
  return dataset == filter_dataset::interactions || dataset == filter_dataset::action_interactions;
}

bool fits(filter_subject subject, filter_dataset dataset) {
  switch (subject) {
    case filter_subject::items: return dataset == filter_dataset::items || dataset == filter_dataset::interactions;
    case filter_subject::users: return dataset == filter_dataset::users || dataset == filter_dataset::interactions;
    case filter_subject::actions:
      return dataset == filter_dataset::actions || dataset == filter_dataset::action_interactions;
  }
  return false;
}

bool takes_a_list(filter_test how) {
  return how == filter_test::in || how == filter_test::not_in;
}

enum class token_kind { word, number, text, parameter, sign, end };

struct token {
  token_kind kind = token_kind::end;
  std::string_view source;  // as it is written
  std::string value;        // of a text without its quotes, of a parameter without '$'
  std::size_t at = 0;       // from 1
};

// Cuts a text into tokens, one ahead of the parser.
class token_reader {
 public:
  explicit token_reader(std::string_view text) : text_(text) { advance(); }

  const token& now() const { return now_; }
  bool is_word(std::string_view word) const { return now_.kind == token_kind::word && same_word(now_.source, word); }
  bool is_sign(std::string_view sign) const { return now_.kind == token_kind::sign && now_.source == sign; }

  void advance() {
    while (end_ < text_.size() && std::string_view(" \t\r\n").find(text_[end_]) != std::string_view::npos) {
      ++end_;
    }
    begin_ = end_;
    if (end_ == text_.size()) {
      finish(token_kind::end);
    } else if (is_letter(text_[end_])) {
      skip_word();
      finish(token_kind::word);
    } else if (text_[end_] == '$') {
      read_parameter();
    } else if (text_[end_] == '"' || text_[end_] == '\'') {
      read_text(text_[end_]);
    } else if (is_digit(text_[end_]) || text_[end_] == '-' || text_[end_] == '+') {
      read_number();
    } else {
      read_sign();
    }
  }

  [[noreturn]] void expected(std::string_view what) const {
    refuse_filter(now_.at, fmt::format("expected {}, got {}", what,
                                       now_.kind == token_kind::end ? "the end" : store::table::shown(now_.source)));
  }

 private:
  void finish(token_kind kind) { now_ = {kind, text_.substr(begin_, end_ - begin_), {}, begin_ + 1}; }
  void skip_word() {
    while (end_ < text_.size() && (is_letter(text_[end_]) || is_digit(text_[end_]))) {
      ++end_;
    }
  }
  void read_parameter() {
    ++end_;
    skip_word();
    if (end_ == begin_ + 1) {
      refuse_filter(begin_ + 1, "expected the name of a parameter after $");
    }
    finish(token_kind::parameter);
    now_.value = now_.source.substr(1);
  }
  // A backslash protects a quote or a backslash, and else is one.
  void read_text(char quote) {
    std::string value;
    for (++end_; end_ < text_.size() && text_[end_] != quote; ++end_) {
      if (text_[end_] == '\\' && end_ + 1 < text_.size() && (text_[end_ + 1] == quote || text_[end_ + 1] == '\\')) {
        ++end_;
      }
      value += text_[end_];
    }
    if (end_ == text_.size()) {
      refuse_filter(begin_ + 1, fmt::format("the text has no closing {}", quote));
    }
    ++end_;
    finish(token_kind::text);
    now_.value = std::move(value);
  }
  void read_number() {
    ++end_;
    while (end_ < text_.size() && (is_letter(text_[end_]) || is_digit(text_[end_]) || text_[end_] == '.' ||
                                   ((text_[end_] == '-' || text_[end_] == '+') && same_word(previous(), "e")))) {
      ++end_;
    }
    finish(token_kind::number);
    if (now_.source.starts_with('+') || !number_of(now_.source)) {
      expected("a number or a text in quotes");
    }
  }
  std::string_view previous() const { return text_.substr(end_ - 1, 1); }
  void read_sign() {
    const bool two = end_ + 1 < text_.size() && text_[end_ + 1] == '=' &&
                     std::string_view("!<>").find(text_[end_]) != std::string_view::npos;
    end_ += two ? 2 : 1;
    finish(token_kind::sign);
  }

  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  token now_;
};

class parser {
 public:
  explicit parser(std::string_view text) : tokens_(text) {}

  filter_expression parse() {
    filter_expression made;
    do {
      made.clauses.push_back(parse_clause(made.clauses.empty() ? std::nullopt : std::optional(made.subject)));
      made.subject = subject_;
    } while (skip_sign("|"));
    if (tokens_.now().kind != token_kind::end) {
      tokens_.expected(made.clauses.back().if_user.empty() ? "AND, OR, IF, | or the end" : "AND, | or the end");
    }
    return made;
  }

 private:
  bool skip_word(std::string_view word) {
    const bool found = tokens_.is_word(word);
    if (found) {
      tokens_.advance();
    }
    return found;
  }
  bool skip_sign(std::string_view sign) {
    const bool found = tokens_.is_sign(sign);
    if (found) {
      tokens_.advance();
    }
    return found;
  }
  void require_word(std::string_view word) {
    if (!skip_word(word)) {
      tokens_.expected(word);
    }
  }
  void require_sign(std::string_view sign, std::string_view expected) {
    if (!skip_sign(sign)) {
      tokens_.expected(expected);
    }
  }

  // One of some words, or nothing.
  template <class Names>
  auto read_named(const Names& names) {
    std::optional<decltype(names.begin()->value)> found;
    for (const auto& one : names) {
      if (!found && skip_word(one.name)) {
        found = one.value;
      }
    }
    return found;
  }

  filter_clause parse_clause(std::optional<filter_subject> first) {
    filter_clause made;
    made.include = tokens_.is_word("INCLUDE");
    if (!made.include && !tokens_.is_word("EXCLUDE")) {
      tokens_.expected("INCLUDE or EXCLUDE");
    }
    tokens_.advance();
    read_subject(first);
    require_word("WHERE");
    std::optional<filter_dataset> dataset;
    do {
      auto& all = made.any_of.emplace_back();
      do {
        all.push_back(parse_condition(dataset));
      } while (skip_word("AND"));
    } while (skip_word("OR"));
    made.dataset = *dataset;
    if (skip_word("IF")) {
      do {
        made.if_user.push_back(parse_user_condition());
      } while (skip_word("AND"));
    }
    return made;
  }

  void read_subject(std::optional<filter_subject> first) {
    const std::size_t at = tokens_.now().at;
    const auto found = read_named(subjects);
    if (!found) {
      tokens_.expected("ItemID, UserID or ActionID");
    }
    if (first && *found != *first) {
      refuse_filter(
          at, fmt::format("all expressions of a filter are about {}, as the first is", name_in(subjects, *first)));
    }
    subject_ = *found;
  }

  filter_condition parse_condition(std::optional<filter_dataset>& dataset) {
    const std::size_t at = tokens_.now().at;
    if (tokens_.is_word("CurrentUser")) {
      refuse_filter(at, "CurrentUser belongs after IF, at the end of an expression");
    }
    const auto found = read_named(datasets_by_name);
    if (!found) {
      tokens_.expected("Interactions, Items, Users, Actions or Action_Interactions");
    }
    if (!fits(subject_, *found)) {
      refuse_filter(at, fmt::format("{} cannot be chosen by {}", name_in(subjects, subject_), name_of(*found)));
    }
    if (dataset && *dataset != *found) {
      refuse_filter(at, fmt::format("one expression asks one dataset, here {}; put {} into an expression of its own, "
                                    "after |",
                                    name_of(*dataset), name_of(*found)));
    }
    dataset = found;
    filter_condition made{read_field(holds_events(*found)), filter_test::in, {}, at};
    read_test(made, *found == filter_dataset::items, holds_events(*found));
    return made;
  }

  filter_condition parse_user_condition() {
    const std::size_t at = tokens_.now().at;
    require_word("CurrentUser");
    filter_condition made{read_field(false), filter_test::in, {}, at};
    read_test(made, false, false);
    return made;
  }

  // Reads ".FIELD".
  std::string read_field(bool of_events) {
    require_sign(".", "a dot and the name of a field");
    if (tokens_.now().kind != token_kind::word) {
      tokens_.expected("the name of a field");
    }
    if (of_events && !tokens_.is_word(event_type)) {
      tokens_.expected("EVENT_TYPE, the one field that interactions are chosen by");
    }
    std::string field = upper(tokens_.now().source);
    tokens_.advance();
    return field;
  }

  void read_test(filter_condition& into, bool of_items, bool of_events) {
    into.how = read_how(of_events);
    const bool list = takes_a_list(into.how);
    const bool brackets = skip_sign("(");
    do {
      into.values.push_back(read_operand(of_items, of_events));
    } while (brackets && list && skip_sign(","));
    if (brackets) {
      require_sign(")", list ? ", or )" : ")");
    }
  }

  filter_test read_how(bool of_events) {
    if (skip_word("IN")) {
      return filter_test::in;
    }
    if (skip_word("NOT")) {
      require_word("IN");
      return filter_test::not_in;
    }
    for (const auto& one : tests) {
      const bool orders = one.value > filter_test::not_equal;
      if (tokens_.is_sign(one.name) && !(of_events && orders)) {
        tokens_.advance();
        return one.value;
      }
    }
    tokens_.expected(of_events ? "IN, NOT IN, = or !=" : "IN, NOT IN or a comparison");
  }

  filter_operand read_operand(bool of_items, bool of_events) {
    using kind = filter_operand::kind;
    const token value = tokens_.now();
    if (of_events && (tokens_.is_sign("*") || (value.kind == token_kind::text && value.value == "*"))) {
      tokens_.advance();
      return {kind::any, {}};
    }
    if (of_items && skip_word("CurrentItem")) {
      return {kind::current_item, read_field(false)};
    }
    if (value.kind == token_kind::text || value.kind == token_kind::number || value.kind == token_kind::parameter) {
      tokens_.advance();
    }
    switch (value.kind) {
      case token_kind::text: return {kind::text, value.value};
      case token_kind::number: return {kind::number, std::string(value.source)};
      case token_kind::parameter: return {kind::parameter, value.value};
      default: tokens_.expected(expected_operand(of_items, of_events));
    }
  }

  static std::string_view expected_operand(bool of_items, bool of_events) {
    return of_items    ? "a text in quotes, a number, a $PARAMETER or CurrentItem.FIELD"
           : of_events ? "an event type in quotes, a $PARAMETER or *"
                       : "a text in quotes, a number or a $PARAMETER";
  }

  token_reader tokens_;
  filter_subject subject_ = filter_subject::items;
};

std::string in_quotes(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      made += '\\';
    }
    made += c;
  }
  return made + '"';
}

std::string str_of(const filter_operand& value) {
  switch (value.what) {
    case filter_operand::kind::text: return in_quotes(value.text);
    case filter_operand::kind::number: return value.text;
    case filter_operand::kind::parameter: return "$" + value.text;
    case filter_operand::kind::current_item: return "CurrentItem." + value.text;
    case filter_operand::kind::any: return "\"*\"";
  }
  return {};
}

std::string str_of(std::string_view dataset, const filter_condition& one) {
  std::string values;
  for (const filter_operand& value : one.values) {
    values += (values.empty() ? "" : ", ") + str_of(value);
  }
  return fmt::format("{}.{} {} {}", dataset, one.field, name_in(tests, one.how),
                     takes_a_list(one.how) ? "(" + values + ")" : values);
}

std::string str_of(std::string_view dataset, const std::vector<filter_condition>& all) {
  std::string text;
  for (const filter_condition& one : all) {
    text += (text.empty() ? "" : " AND ") + str_of(dataset, one);
  }
  return text;
}

std::string str_of(filter_subject subject, const filter_clause& clause) {
  std::string where;
  for (const auto& all : clause.any_of) {
    where += (where.empty() ? "" : " OR ") + str_of(name_of(clause.dataset), all);
  }
  return fmt::format("{} {} WHERE {}{}{}", clause.include ? "INCLUDE" : "EXCLUDE", name_in(subjects, subject), where,
                     clause.if_user.empty() ? "" : " IF ", str_of("CurrentUser", clause.if_user));
}

void add_parameters(const std::vector<filter_condition>& conditions, std::set<std::string>& names) {
  for (const filter_condition& one : conditions) {
    for (const filter_operand& value : one.values) {
      if (value.what == filter_operand::kind::parameter) {
        names.insert(value.text);
      }
    }
  }
}

}  // namespace

std::string_view name_of(filter_dataset dataset) noexcept {
  return name_in(datasets_by_name, dataset);
}

void refuse_filter(std::size_t at, std::string_view fault) {
  throw core::error(core::errc::invalid_argument, fmt::format("filter: at {}: {}", at, fault));
}

filter_expression filter_expression::parse(std::string_view text) {
  if (text.size() > max_filter_bytes) {
    throw core::error(core::errc::invalid_argument, fmt::format("filter: has {} bytes, more than max_filter_bytes = {}",
                                                                text.size(), max_filter_bytes));
  }
  return parser(text).parse();
}

std::string filter_expression::str() const {
  std::string text;
  for (const filter_clause& clause : clauses) {
    text += (text.empty() ? "" : " | ") + str_of(subject, clause);
  }
  return text;
}

std::set<std::string> filter_expression::parameters() const {
  std::set<std::string> names;
  for (const filter_clause& clause : clauses) {
    for (const auto& all : clause.any_of) {
      add_parameters(all, names);
    }
    add_parameters(clause.if_user, names);
  }
  return names;
}

}  // namespace eunomia::recommend
