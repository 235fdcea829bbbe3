#include "wire/recombee/reql_syntax.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "wire/recombee/reql_lexer.h"

namespace eunomia::wire::recombee {

void refuse_reql(std::size_t at, std::string_view fault) {
  throw core::error(core::errc::invalid_argument, fmt::format("ReQL: at {}: {}", at, fault), "ReQL: a bad expression");
}

namespace {

using sign_table = std::initializer_list<std::pair<std::string_view, reql_operator>>;

class parser {
 public:
  explicit parser(std::string_view text) : lexer_(text) { take(); }

  reql_node all() {
    reql_node read = expression();
    if (now_.what != reql_token_kind::end) {
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

  reql_token take() {
    reql_token before = std::move(now_);
    now_ = lexer_.next();
    return before;
  }
  bool is_sign(std::string_view text) const { return now_.what == reql_token_kind::sign && now_.text == text; }
  bool is_named(std::string_view word) const { return now_.what == reql_token_kind::word && now_.text == word; }
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
    const std::string got = now_.what == reql_token_kind::end      ? "the end"
                            : now_.what == reql_token_kind::number ? "a number"
                            : now_.what == reql_token_kind::text   ? "a string"
                            : now_.what == reql_token_kind::property
                                ? "a property"
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
      case reql_token_kind::number: return constant(at, take().value);
      case reql_token_kind::text: return constant(at, reql_value(take().text));
      case reql_token_kind::property: {
        reql_node made = node(reql_node::kind::property, at);
        made.text = take().text;
        return made;
      }
      case reql_token_kind::word: return word(at);
      case reql_token_kind::sign:
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
      case reql_token_kind::end: break;
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
    values.reserve(made.of.size());
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
    if (now_.what != reql_token_kind::property) {
      refuse_here("the variable of the lambda, as in lambda 'x': 'x' > 5");
    }
    made.text = take().text;
    expect_sign(":");
    made.of.push_back(expression());
    return made;
  }

  reql_lexer lexer_;
  reql_token now_;
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
