#include "wire/recombee/reql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "wire/recombee/reql_functions.h"

namespace eunomia::wire::recombee {

namespace {

using kind = reql_node::kind;

constexpr std::string_view segment_property = "segmentId";
constexpr std::size_t whose_segment = 100;  // beside those of reql_whose

// A function whose first argument is a lambda, which is worked out for every element of the second.
enum class over_elements : std::size_t { map, select, exists };
constexpr std::size_t first_of_lambda = 1'000'000;  // slots of these, behind those of reql_functions()

std::optional<over_elements> lambda_function(std::string_view name) {
  if (name == "map") {
    return over_elements::map;
  }
  if (name == "select" || name == "filter") {
    return over_elements::select;
  }
  return name == "exists" ? std::optional(over_elements::exists) : std::nullopt;
}

// Gives properties, functions and variables their numbers.
class compilation {
 public:
  explicit compilation(const reql_schema& schema) : schema_(schema) {}

  void compile(reql_node& node) {
    switch (node.what) {
      case kind::property: compile_property(node); return;
      case kind::element: compile_element(node); return;
      case kind::call: compile_call(node); return;
      case kind::lambda: refuse_reql(node.at, "a lambda stands in map, select and exists only");
      default: break;
    }
    for (reql_node& one : node.of) {
      compile(one);
    }
  }

 private:
  void compile_property(reql_node& node) {
    for (std::size_t i = variables_.size(); i-- > 0;) {
      if (variables_[i] == node.text) {
        node.what = kind::variable;
        node.slot = i;
        return;
      }
    }
    resolve(node, reql_whose::candidate, node.text);
  }

  void resolve(reql_node& node, reql_whose whose, std::string_view property) {
    const auto slot = schema_.slot_of(whose, property);
    if (!slot) {
      constexpr std::size_t shown = 64;
      refuse_reql(node.at, fmt::format("there is no property '{}'{}; add it first", property.substr(0, shown),
                                       whose == reql_whose::context_user   ? " of users"
                                       : whose == reql_whose::context_item ? " of items"
                                                                           : ""));
    }
    node.whose = static_cast<std::size_t>(whose);
    node.slot = *slot;
  }

  // context_item["price"] and its like are one lookup, whose property is known when it is compiled.
  void compile_element(reql_node& node) {
    reql_node& of = node.of[0];
    const bool is_another = of.what == kind::call && of.text == "item_values";
    const bool is_segment = of.what == kind::call && of.text == "context_segment";
    const bool is_context = of.what == kind::call && (of.text == "context_item" || of.text == "context_user");
    if (!is_another && !is_segment && !is_context) {
      compile(of);
      compile(node.of[1]);
      return;
    }
    const std::string* const property = node.of[1].what == kind::constant ? node.of[1].value.text() : nullptr;
    if (property == nullptr) {
      refuse_reql(node.of[1].at, fmt::format("the property of {} is named by a string, as in {}[\"price\"]", of.text,
                                             is_another ? "item_values(\"item-42\")" : of.text));
    }
    if (of.of.size() != (is_another ? 1U : 0U)) {
      refuse_reql(of.at, fmt::format("{} takes {}", of.text, is_another ? "the id of an item" : "no arguments"));
    }
    if (is_segment) {
      if (*property != segment_property) {
        refuse_reql(node.of[1].at, "a segment has a \"segmentId\", and nothing else");
      }
      node.whose = whose_segment;
    } else {
      resolve(node,
              is_another                  ? reql_whose::another_item
              : of.text == "context_item" ? reql_whose::context_item
                                          : reql_whose::context_user,
              *property);
    }
    node.what = kind::lookup;
    std::vector<reql_node> arguments = std::move(of.of);
    node.of = std::move(arguments);
    for (reql_node& one : node.of) {
      compile(one);
    }
  }

  void compile_call(reql_node& node) {
    if (const auto over = lambda_function(node.text)) {
      if (node.of.size() != 2 || node.of[0].what != kind::lambda) {
        refuse_reql(node.at,
                    fmt::format("{0} takes a lambda and a set, as in {0}(lambda 'x': 'x' > 5, {{1, 10}})", node.text));
      }
      node.slot = first_of_lambda + static_cast<std::size_t>(*over);
      compile(node.of[1]);
      variables_.push_back(node.of[0].text);
      compile(node.of[0].of[0]);
      variables_.pop_back();
      return;
    }
    const auto all = reql_functions();
    const auto found = std::ranges::find(all, node.text, &reql_function::name);
    if (found == all.end()) {
      constexpr std::size_t shown = 64;
      const bool is_context = node.text == "context_item" || node.text == "context_user" ||
                              node.text == "context_segment" || node.text == "item_values";
      refuse_reql(node.at, is_context ? fmt::format("{0} is asked for a property, as in {0}[\"price\"]", node.text)
                                      : fmt::format("there is no function {}", node.text.substr(0, shown)));
    }
    if (node.of.size() < found->least || node.of.size() > found->most) {
      refuse_reql(node.at, fmt::format("{} takes {}{} arguments, and got {}", node.text, found->least,
                                       found->most == found->least ? std::string()
                                       : found->most > 100         ? " or more"
                                                                   : fmt::format(" to {}", found->most),
                                       node.of.size()));
    }
    node.slot = static_cast<std::size_t>(found - all.begin());
    for (reql_node& one : node.of) {
      compile(one);
    }
  }

  const reql_schema& schema_;
  std::vector<std::string> variables_;  // of the lambdas around what is compiled
};

class evaluation {
 public:
  evaluation(const reql_facts& facts, reql_budget& budget) : facts_(facts), budget_(budget) {}

  reql_value of(const reql_node& node) {
    budget_.spend(1);
    switch (node.what) {
      case kind::constant: return node.value;
      case kind::property: return facts_.value_of(reql_whose::candidate, node.slot, {});
      case kind::variable: return variables_[node.slot];
      case kind::lookup: return looked_up(node);
      case kind::negation: return reql_value(!of(node.of[0]).truth());
      case kind::conjunction:
        return reql_value(std::ranges::all_of(node.of, [&](const reql_node& one) { return of(one).truth(); }));
      case kind::alternative:
        return reql_value(std::ranges::any_of(node.of, [&](const reql_node& one) { return of(one).truth(); }));
      case kind::chain: return chain(node);
      case kind::arithmetic: return arithmetic(node);
      case kind::minus:
        return reql_arithmetic(call_at(node), reql_operator::subtract, reql_value(std::int64_t{0}), of(node.of[0]));
      case kind::choice: return of(node.of[of(node.of[0]).truth() ? 1 : 2]);
      case kind::set: return reql_value::set_of(all_of(node));
      case kind::array: return reql_value::array_of(all_of(node));
      case kind::element: return element(node);
      case kind::call: return call(node);
      case kind::lambda: break;
    }
    throw core::error(core::errc::internal, "a lambda was left in an expression");
  }

 private:
  reql_call call_at(const reql_node& node) const { return {node.at, facts_, budget_}; }

  std::vector<reql_value> all_of(const reql_node& node) {
    std::vector<reql_value> values;
    values.reserve(node.of.size());
    for (const reql_node& one : node.of) {
      values.push_back(of(one));
    }
    return values;
  }

  reql_value looked_up(const reql_node& node) {
    if (node.whose == whose_segment) {
      const auto segment = facts_.segment();
      return segment ? reql_value(*segment) : reql_value();
    }
    const auto whose = static_cast<reql_whose>(node.whose);
    if (whose != reql_whose::another_item) {
      return facts_.value_of(whose, node.slot, {});
    }
    const reql_value id = of(node.of[0]);
    if (id.is_null()) {
      return {};
    }
    if (id.text() == nullptr) {
      refuse_reql(node.at, fmt::format("item_values takes the id of an item, and got {}", id.kind()));
    }
    return facts_.value_of(whose, node.slot, *id.text());
  }

  reql_value chain(const reql_node& node) {
    reql_value left = of(node.of[0]);
    bool unknown = false;
    for (std::size_t i = 0; i < node.operators.size(); ++i) {
      reql_value right = of(node.of[i + 1]);
      const reql_value holds = reql_compare(call_at(node.of[i + 1]), node.operators[i], left, right);
      if (!holds.is_null() && !holds.truth()) {
        return reql_value(false);
      }
      unknown = unknown || holds.is_null();
      left = std::move(right);
    }
    return unknown ? reql_value() : reql_value(true);
  }

  reql_value arithmetic(const reql_node& node) {
    reql_value sum = of(node.of[0]);
    for (std::size_t i = 0; i < node.operators.size(); ++i) {
      sum = reql_arithmetic(call_at(node.of[i + 1]), node.operators[i], sum, of(node.of[i + 1]));
    }
    return sum;
  }

  reql_value element(const reql_node& node) {
    const reql_value from = of(node.of[0]);
    const reql_value index = of(node.of[1]);
    if (from.is_null() || index.is_null()) {
      return {};
    }
    if (from.collection() == nullptr || from.is_set() || index.integer() == nullptr) {
      refuse_reql(node.at, fmt::format("[ ] takes an element of an array by its number, and got {} of {}", index.kind(),
                                       from.kind()));
    }
    const auto& elements = from.collection()->elements;
    const auto place = static_cast<std::uint64_t>(*index.integer());
    return place < elements.size() ? elements[place] : reql_value();
  }

  reql_value call(const reql_node& node) {
    if (node.slot >= first_of_lambda) {
      return over(node, static_cast<over_elements>(node.slot - first_of_lambda));
    }
    const reql_function& function = reql_functions()[node.slot];
    const std::vector<reql_value> arguments = all_of(node);
    if (!function.takes_null && std::ranges::any_of(arguments, &reql_value::is_null)) {
      return {};
    }
    return function.run(call_at(node), arguments);
  }

  reql_value over(const reql_node& node, over_elements what) {
    const reql_value input = of(node.of[1]);
    if (input.is_null()) {
      return {};
    }
    if (input.collection() == nullptr) {
      refuse_reql(node.of[1].at, fmt::format("{} takes a set, and got {}", node.text, input.kind()));
    }
    std::vector<reql_value> made;
    for (const reql_value& one : input.collection()->elements) {
      variables_.push_back(one);
      reql_value found = of(node.of[0].of[0]);
      variables_.pop_back();
      if (what == over_elements::exists && found.truth()) {
        return reql_value(true);
      }
      if (what == over_elements::map) {
        made.push_back(std::move(found));
      } else if (found.truth()) {
        made.push_back(one);
      }
    }
    if (what == over_elements::exists) {
      return reql_value(false);
    }
    return input.is_set() ? reql_value::set_of(std::move(made)) : reql_value::array_of(std::move(made));
  }

  const reql_facts& facts_;
  reql_budget& budget_;
  std::vector<reql_value> variables_;
};

}  // namespace

void reql_budget::refuse() {
  throw core::error(core::errc::invalid_argument,
                    fmt::format("ReQL: working it out for every candidate takes more than max_reql_steps = {} steps; "
                                "make the expressions simpler",
                                max_reql_steps));
}

reql reql::compile(std::string_view text, const reql_schema& schema) {
  reql_node root = parse_reql(text);
  compilation(schema).compile(root);
  return reql(std::move(root));
}

reql_value reql::evaluate(const reql_facts& facts, reql_budget& budget) const {
  return evaluation(facts, budget).of(root_);
}

bool reql::allows(const reql_facts& facts, reql_budget& budget) const {
  const reql_value found = evaluate(facts, budget);
  if (!found.is_null() && found.boolean() == nullptr) {
    refuse_reql(root_.at,
                fmt::format("a filter is true or false, and this is {}; boolean(…) makes it one", found.kind()));
  }
  return found.truth();
}

double reql::boost(const reql_facts& facts, reql_budget& budget) const {
  const reql_value found = evaluate(facts, budget);
  if (found.is_null()) {
    return 1;
  }
  const auto factor = found.number();
  if (!factor) {
    refuse_reql(root_.at, fmt::format("a booster is a number, and this is {}; number(…) makes it one", found.kind()));
  }
  return std::isnan(*factor) ? 1 : std::clamp(*factor, 0.0, 1e30);
}

}  // namespace eunomia::wire::recombee
