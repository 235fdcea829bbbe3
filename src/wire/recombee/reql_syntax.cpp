#include "wire/recombee/reql_syntax.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "wire/http/text.h"

namespace eunomia::wire::recombee {

void refuse_reql(std::size_t at, std::string_view fault) {
  throw core::error(core::errc::invalid_argument, fmt::format("ReQL: at {}: {}", at, fault), "ReQL: a bad expression");
}

namespace {

enum class token_kind { end, number, text, property, word, sign };

struct token {
  token_kind what = token_kind::end;
  std::size_t at = 0;
  std::string text = {};  // of a word in lower case
  reql_value value = {};  // of a number
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

class lexer {
 public:
  explicit lexer(std::string_view text) : text_(text) {}

  token next() {
    skip_blanks();
    token found{.what = token_kind::end, .at = here_ + 1};
    if (here_ == text_.size()) {
      return found;
    }
    const char c = text_[here_];
    if (is_digit(c) || (c == '.' && here_ + 1 < text_.size() && is_digit(text_[here_ + 1]))) {
      read_number(found);
    } else if (c == '"' || c == '\'') {
      found.what = c == '"' ? token_kind::text : token_kind::property;
      found.text = read_quoted(c);
    } else if (is_word(c)) {
      found.what = token_kind::word;
      while (here_ < text_.size() && is_word(text_[here_])) {
        found.text += http::lower(text_[here_++]);
      }
    } else {
      read_sign(found);
    }
    return found;
  }

 private:
  void skip_blanks() {
    while (here_ < text_.size()) {
      if (text_.substr(here_).starts_with("//")) {
        here_ = std::min(text_.find('\n', here_), text_.size());
      } else if (std::string_view(" \t\r\n").find(text_[here_]) != std::string_view::npos) {
        ++here_;
      } else {
        return;
      }
    }
  }

  void read_number(token& into) {
    const std::size_t begin = here_;
    const auto digits = [&] {
      while (here_ < text_.size() && is_digit(text_[here_])) {
        ++here_;
      }
    };
    digits();
    bool whole = true;
    if (here_ < text_.size() && text_[here_] == '.') {
      whole = false;
      ++here_;
      digits();
    }
    if (here_ < text_.size() && http::lower(text_[here_]) == 'e') {
      whole = false;
      ++here_;
      here_ += here_ < text_.size() && (text_[here_] == '+' || text_[here_] == '-') ? 1 : 0;
      digits();
    }
    const char* const first = text_.data() + begin;
    const char* const last = text_.data() + here_;
    into.what = token_kind::number;
    if (std::int64_t integer = 0; whole && std::from_chars(first, last, integer).ec == std::errc()) {
      into.value = reql_value(integer);
      return;
    }
    double real = 0;
    const auto [end, fault] = std::from_chars(first, last, real);
    if (fault != std::errc() || end != last) {
      refuse_reql(into.at, fmt::format("{} is no number", text_.substr(begin, here_ - begin)));
    }
    into.value = reql_value(real);
  }

  std::string read_quoted(char quote) {
    const std::size_t at = here_ + 1;
    std::string read;
    for (++here_; here_ < text_.size() && text_[here_] != quote; ++here_) {
      if (text_[here_] == '\\' && here_ + 1 < text_.size()) {
        ++here_;
        read += text_[here_] == 'n' ? '\n' : text_[here_] == 't' ? '\t' : text_[here_];
      } else {
        read += text_[here_];
      }
    }
    if (here_ == text_.size()) {
      refuse_reql(at, fmt::format("a {} begins here that does not end; close it with {}",
                                  quote == '"' ? "string" : "property", quote));
    }
    ++here_;
    return read;
  }

  void read_sign(token& into) {
    into.what = token_kind::sign;
    for (const std::string_view two : {"<=", ">=", "==", "!="}) {
      if (text_.substr(here_).starts_with(two)) {
        into.text = two;
        here_ += 2;
        return;
      }
    }
    if (std::string_view("<>+-*/%&(){}[],:").find(text_[here_]) == std::string_view::npos) {
      refuse_reql(into.at, fmt::format("unexpected {}; strings stand in \"…\", properties in '…'",
                                       static_cast<unsigned char>(text_[here_]) < 0x80 ? std::string(1, text_[here_])
                                                                                       : "character"));
    }
    into.text = text_[here_++];
  }

  std::string_view text_;
  std::size_t here_ = 0;
};

using sign_table = std::initializer_list<std::pair<std::string_view, reql_operator>>;

class parser {
 public:
  explicit parser(std::string_view text) : lexer_(text) { take(); }

  reql_node all() {
    reql_node read = expression();
    if (now_.what != token_kind::end) {
      refuse_here("the end of the expression, or an operator");
    }
    return read;
  }

 private:
  class level {
   public:
    explicit level(parser& of) : of_(of) {
      if (++of_.depth_ > max_reql_depth) {
        refuse_reql(of_.now_.at, fmt::format("expressions are nested deeper than max_reql_depth = {}", max_reql_depth));
      }
    }
    ~level() { --of_.depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

   private:
    parser& of_;
  };

  token take() {
    token before = std::move(now_);
    now_ = lexer_.next();
    return before;
  }
  bool is_sign(std::string_view text) const { return now_.what == token_kind::sign && now_.text == text; }
  bool is_named(std::string_view word) const { return now_.what == token_kind::word && now_.text == word; }
  bool take_sign(std::string_view text) { return is_sign(text) && (take(), true); }
  bool take_word(std::string_view word) { return is_named(word) && (take(), true); }
  void expect_sign(std::string_view text) {
    if (!take_sign(text)) {
      refuse_here(text);
    }
  }
  void expect_word(std::string_view word) {
    if (!take_word(word)) {
      refuse_here(word);
    }
  }
  [[noreturn]] void refuse_here(std::string_view expected) const {
    constexpr std::size_t shown = 64;
    const std::string got = now_.what == token_kind::end        ? "the end"
                            : now_.what == token_kind::number   ? "a number"
                            : now_.what == token_kind::text     ? "a string"
                            : now_.what == token_kind::property ? "a property"
                                                                : fmt::format("\"{}\"", now_.text.substr(0, shown));
    refuse_reql(now_.at, fmt::format("expected {}, got {}", expected, got));
  }

  reql_node node(reql_node::kind what, std::size_t at) {
    if (++nodes_ > max_reql_nodes) {
      refuse_reql(at, fmt::format("the expression has more than max_reql_nodes = {} parts", max_reql_nodes));
    }
    reql_node made;
    made.what = what;
    made.at = at;
    return made;
  }

  reql_node expression() {
    const level one(*this);
    if (!is_named("if")) {
      return joined(reql_node::kind::alternative, "or");
    }
    reql_node choice = node(reql_node::kind::choice, take().at);
    choice.of.push_back(expression());
    expect_word("then");
    choice.of.push_back(expression());
    expect_word("else");
    choice.of.push_back(expression());
    return choice;
  }

  // alternative, conjunction
  reql_node joined(reql_node::kind what, std::string_view word) {
    const auto part = [&] {
      return what == reql_node::kind::alternative ? joined(reql_node::kind::conjunction, "and") : negation();
    };
    reql_node first = part();
    if (!is_named(word)) {
      return first;
    }
    reql_node all = node(what, first.at);
    all.of.push_back(std::move(first));
    while (take_word(word)) {
      all.of.push_back(part());
    }
    return all;
  }

  reql_node negation() {
    if (!is_named("not")) {
      return chain();
    }
    const level one(*this);
    reql_node made = node(reql_node::kind::negation, take().at);
    made.of.push_back(negation());
    return made;
  }

  std::optional<reql_operator> comparison() {
    constexpr std::array<std::pair<std::string_view, reql_operator>, 6> signs = {
        {{"<", reql_operator::less},
         {"<=", reql_operator::less_or_equal},
         {">", reql_operator::greater},
         {">=", reql_operator::greater_or_equal},
         {"==", reql_operator::equal},
         {"!=", reql_operator::not_equal}}};
    for (const auto& [text, how] : signs) {
      if (take_sign(text)) {
        return how;
      }
    }
    if (take_word("in")) {
      return reql_operator::in;
    }
    if (take_word("not")) {
      expect_word("in");
      return reql_operator::not_in;
    }
    return std::nullopt;
  }

  reql_node chain() {
    reql_node first = sum();
    auto how = comparison();
    if (!how) {
      return first;
    }
    reql_node all = node(reql_node::kind::chain, first.at);
    all.of.push_back(std::move(first));
    for (; how; how = comparison()) {
      all.operators.push_back(*how);
      all.of.push_back(sum());
    }
    return all;
  }

  std::optional<reql_operator> one_of(sign_table signs) {
    for (const auto& [text, how] : signs) {
      if (take_sign(text)) {
        return how;
      }
    }
    return std::nullopt;
  }

  template <class Part>
  reql_node arithmetic(sign_table signs, Part part) {
    reql_node first = part();
    auto how = one_of(signs);
    if (!how) {
      return first;
    }
    reql_node all = node(reql_node::kind::arithmetic, first.at);
    all.of.push_back(std::move(first));
    for (; how; how = one_of(signs)) {
      all.operators.push_back(*how);
      all.of.push_back(part());
    }
    return all;
  }

  reql_node sum() {
    return arithmetic({{"+", reql_operator::add}, {"-", reql_operator::subtract}}, [&] { return product(); });
  }

  reql_node product() {
    return arithmetic({{"*", reql_operator::multiply},
                       {"/", reql_operator::divide},
                       {"%", reql_operator::modulo},
                       {"&", reql_operator::intersect}},
                      [&] { return factor(); });
  }

  reql_node factor() {
    const level one(*this);
    if (is_sign("-")) {
      reql_node made = node(reql_node::kind::minus, take().at);
      made.of.push_back(factor());
      return made;
    }
    if (take_sign("+")) {
      return factor();
    }
    reql_node read = operand();
    for (std::size_t lookups = 1; is_sign("["); ++lookups) {
      if (lookups > max_reql_lookups) {
        refuse_reql(now_.at, fmt::format("more than max_reql_lookups = {} [ ] behind each other", max_reql_lookups));
      }
      reql_node element = node(reql_node::kind::element, take().at);
      element.of.push_back(std::move(read));
      element.of.push_back(expression());
      expect_sign("]");
      read = std::move(element);
    }
    return read;
  }

  reql_node operand() {
    const std::size_t at = now_.at;
    switch (now_.what) {
      case token_kind::number: return constant(at, take().value);
      case token_kind::text: return constant(at, reql_value(take().text));
      case token_kind::property: {
        reql_node made = node(reql_node::kind::property, at);
        made.text = take().text;
        return made;
      }
      case token_kind::word: return word(at);
      case token_kind::sign:
        if (take_sign("(")) {
          reql_node inner = expression();
          expect_sign(")");
          return inner;
        }
        if (take_sign("{")) {
          return elements(reql_node::kind::set, at, "}");
        }
        if (take_sign("[")) {
          return elements(reql_node::kind::array, at, "]");
        }
        break;
      case token_kind::end: break;
    }
    refuse_here("a value, a 'property' or a function");
  }

  reql_node constant(std::size_t at, reql_value value) {
    reql_node made = node(reql_node::kind::constant, at);
    made.value = std::move(value);
    return made;
  }

  // A set of constants is a constant: it is sorted once.
  reql_node elements(reql_node::kind what, std::size_t at, std::string_view end) {
    reql_node made = node(what, at);
    bool constants = true;
    if (!take_sign(end)) {
      do {
        made.of.push_back(expression());
        constants = constants && made.of.back().what == reql_node::kind::constant;
      } while (take_sign(","));
      expect_sign(end);
    }
    if (!constants) {
      return made;
    }
    std::vector<reql_value> values;
    for (reql_node& one : made.of) {
      values.push_back(std::move(one.value));
    }
    return constant(at, what == reql_node::kind::set ? reql_value::set_of(std::move(values))
                                                     : reql_value::array_of(std::move(values)));
  }

  reql_node word(std::size_t at) {
    for (const std::string_view reserved : {"if", "then", "else", "and", "or", "not", "in", "lambda"}) {
      if (is_named(reserved)) {
        refuse_here("a value, a 'property' or a function");
      }
    }
    const std::string name = take().text;
    if (name == "true" || name == "false") {
      return constant(at, reql_value(name == "true"));
    }
    if (name == "null") {
      return constant(at, reql_value());
    }
    reql_node call = node(reql_node::kind::call, at);
    call.text = name;
    if (take_sign("(") && !take_sign(")")) {
      do {
        call.of.push_back(argument());
      } while (take_sign(","));
      expect_sign(")");
    }
    return call;
  }

  reql_node argument() {
    if (!is_named("lambda")) {
      return expression();
    }
    reql_node made = node(reql_node::kind::lambda, take().at);
    if (now_.what != token_kind::property) {
      refuse_here("the variable of the lambda, as in lambda 'x': 'x' > 5");
    }
    made.text = take().text;
    expect_sign(":");
    made.of.push_back(expression());
    return made;
  }

  lexer lexer_;
  token now_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

reql_node parse_reql(std::string_view text) {
  if (text.size() > max_reql_bytes) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("ReQL: an expression of {} bytes, more than max_reql_bytes = {}", text.size(), max_reql_bytes));
  }
  if (!core::is_utf8(text)) {
    throw core::error(core::errc::invalid_argument, "ReQL: the expression is not UTF-8");
  }
  return parser(text).all();
}

}  // namespace eunomia::wire::recombee
