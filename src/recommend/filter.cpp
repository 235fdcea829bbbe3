#include "recommend/filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/error.h"
#include "recommend/import_reader.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
using kind = filter_operand::kind;

std::string place_of(const filter_condition& one) {
  return fmt::format("filter: at {}", one.at);
}

bool chooses_by_events(filter_dataset dataset) {
  return dataset == filter_dataset::interactions || dataset == filter_dataset::action_interactions;
}

comparison comparison_of(filter_test how) {
  switch (how) {
    case filter_test::in:
    case filter_test::equal: return comparison::equal;
    case filter_test::not_in:
    case filter_test::not_equal: return comparison::not_equal;
    case filter_test::less: return comparison::less;
    case filter_test::less_or_equal: return comparison::less_or_equal;
    case filter_test::greater: return comparison::greater;
    case filter_test::greater_or_equal: return comparison::greater_or_equal;
  }
  return comparison::equal;
}

const metadata_column& column_of(std::size_t at, const std::string& field, const std::vector<metadata_column>& columns,
                                 std::string_view dataset) {
  const auto found = std::ranges::find(columns, field, &metadata_column::name);
  if (found == columns.end()) {
    std::vector<std::string> names;
    std::ranges::transform(columns, std::back_inserter(names), &metadata_column::name);
    refuse_filter(at, fmt::format("{} have no column {}; declared are: {}", dataset, field,
                                  names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  return *found;
}

std::vector<std::string> constants_of(const filter_condition& one) {
  std::vector<std::string> texts;
  for (const filter_operand& value : one.values) {
    if (value.what == kind::text || value.what == kind::number) {
      texts.push_back(value.text);
    }
  }
  return texts;
}

// Throws for a field that is not declared and a value that does not fit it.
void check(const std::vector<filter_condition>& conditions, const std::vector<metadata_column>& columns,
           std::string_view dataset) {
  for (const filter_condition& one : conditions) {
    const metadata_column& column = column_of(one.at, one.field, columns, dataset);
    (void)value_condition(place_of(one), column, comparison_of(one.how), constants_of(one));
    for (const filter_operand& value : one.values) {
      if (value.what == kind::current_item) {
        column_of(one.at, value.text, columns, dataset);
      }
    }
  }
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// Where a value that begins at a position ends: at the comma after it, one within quotes apart.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  bool quoted = false;
  std::size_t at = begin;
  for (; at < text.size() && (quoted || text[at] != ','); ++at) {
    quoted = quoted != (text[at] == '"');
  }
  return at;
}

std::vector<std::string> values_in(std::string_view text) {
  std::vector<std::string> values;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = end_of_value(text, begin);
    std::string_view one = trimmed(text.substr(begin, end - begin));
    if (one.size() >= 2 && one.starts_with('"') && one.ends_with('"')) {
      one = one.substr(1, one.size() - 2);
    }
    values.emplace_back(one);
    begin = end + 1;
  }
  return values;
}

constexpr std::string_view any_type = "*";

// Event types, compared without case.
class wanted_types {
 public:
  wanted_types(filter_test how, const std::vector<std::string>& names)
      : others_(how == filter_test::not_in || how == filter_test::not_equal) {
    for (const std::string& name : names) {
      names_.insert(upper(name));
    }
    any_ = names_.contains(std::string(any_type));
  }
  bool contain(std::string_view type) const { return (any_ || names_.contains(upper(type))) != others_; }

 private:
  bool others_;
  bool any_;
  std::set<std::string> names_;
};

}  // namespace

filter::filter(filter_expression of, std::span<const metadata_column> candidates,
               std::span<const metadata_column> users)
    : expression_(std::move(of)),
      candidates_(candidates.begin(), candidates.end()),
      users_(users.begin(), users.end()) {
  const auto& columns = expression_.subject == filter_subject::users ? users_ : candidates_;
  for (const filter_clause& clause : expression_.clauses) {
    if (!chooses_by_events(clause.dataset)) {
      for (const auto& all : clause.any_of) {
        check(all, columns, name_of(clause.dataset));
      }
    }
    check(clause.if_user, users_, name_of(filter_dataset::users));
  }
}

// One use of a filter. A person is chosen as the one candidate of a set of one.
class filter::application {
 public:
  application(const filter& of, const filter_facts& facts, const filter_values& values) : of_(of), facts_(facts) {
    read(values);
    size_ = of.expression_.subject == filter_subject::users ? 1 : facts.candidates();
  }

  item_set allowed() const {
    item_set included(size_);
    item_set excluded(size_);
    bool includes = false;
    for (const filter_clause& clause : of_.expression_.clauses) {
      if (clause.include) {
        require_values(clause);
      }
      if (!concerns_person(clause)) {
        continue;
      }
      includes = includes || clause.include;
      (clause.include ? included : excluded).insert_all(chosen(clause));
    }
    item_set allowed = includes ? std::move(included) : item_set(size_, true);
    allowed.erase_all(excluded);
    return allowed;
  }

 private:
  void read(const filter_values& values) {
    const auto known = of_.expression_.parameters();
    for (const auto& [name, text] : values) {
      if (!known.contains(name)) {
        throw error(errc::invalid_argument,
                    fmt::format("filter_values: the filter has no parameter ${}; it has: {}", name,
                                known.empty() ? "none" : "$" + fmt::format("{}", fmt::join(known, ", $"))));
      }
      if (text.size() > max_filter_value_bytes) {
        throw error(errc::invalid_argument,
                    fmt::format("filter_values: ${} has {} bytes, more than max_filter_value_bytes = {}", name,
                                text.size(), max_filter_value_bytes));
      }
      if (auto parsed = values_in(text); !parsed.empty()) {
        values_.emplace(name, std::move(parsed));
      }
    }
  }

  const filter_operand* missing_in(const filter_condition& one) const {
    const auto found = std::ranges::find_if(one.values, [&](const filter_operand& value) {
      return value.what == kind::parameter && !values_.contains(value.text);
    });
    return found == one.values.end() ? nullptr : &*found;
  }

  void require_values(const filter_clause& clause) const {
    const auto require = [&](const std::vector<filter_condition>& conditions) {
      for (const filter_condition& one : conditions) {
        if (const filter_operand* missing = missing_in(one)) {
          refuse_filter(one.at,
                        fmt::format("INCLUDE needs a value for ${0}; give {0} in filter_values", missing->text));
        }
      }
    };
    std::ranges::for_each(clause.any_of, require);
    require(clause.if_user);
  }

  bool concerns_person(const filter_clause& clause) const {
    return std::ranges::all_of(clause.if_user, [&](const filter_condition& one) {
      return missing_in(one) != nullptr || holds_of_person(one);
    });
  }

  bool holds_of_person(const filter_condition& one) const {
    const metadata_column& column = column_of(one.at, one.field, of_.users_, name_of(filter_dataset::users));
    return value_condition(place_of(one), column, comparison_of(one.how), wanted(one))
        .holds(facts_.value_of_person(column.name));
  }

  item_set chosen(const filter_clause& clause) const {
    item_set any(size_);
    for (const auto& conditions : clause.any_of) {
      item_set all(size_, true);
      bool written = false;
      for (const filter_condition& one : conditions) {
        if (missing_in(one) == nullptr) {
          keep_chosen(clause.dataset, one, all);
          written = true;
        }
      }
      if (written) {
        any.insert_all(all);
      }
    }
    return any;
  }

  void keep_chosen(filter_dataset dataset, const filter_condition& one, item_set& remaining) const {
    if (chooses_by_events(dataset)) {
      remaining.keep_only(with_events(one));
    } else if (dataset == filter_dataset::users) {
      remaining.keep_only(item_set(size_, holds_of_person(one)));
    } else {
      remaining.keep_only(
          *facts_.candidates_that_meet(place_of(one), {one.field, comparison_of(one.how), wanted(one)}));
    }
  }

  item_set with_events(const filter_condition& one) const {
    const wanted_types types(one.how, wanted(one));
    item_set found(size_);
    facts_.visit_events([&](std::optional<item_position> candidate, std::string_view type) {
      const bool of_person = of_.expression_.subject == filter_subject::users;
      if ((candidate || of_person) && types.contain(type)) {
        found.insert(of_person ? 0 : *candidate);
      }
    });
    return found;
  }

  std::vector<std::string> wanted(const filter_condition& one) const {
    std::vector<std::string> texts;
    for (const filter_operand& value : one.values) {
      switch (value.what) {
        case kind::text:
        case kind::number: texts.push_back(value.text); break;
        case kind::parameter: {
          const auto& given = values_.at(value.text);
          texts.insert(texts.end(), given.begin(), given.end());
          break;
        }
        case kind::current_item: {
          const metadata_column& column =
              column_of(one.at, value.text, of_.candidates_, name_of(filter_dataset::items));
          if (const auto known = facts_.value_of_current_item(one.at, column.name)) {
            std::ranges::copy(parts_of(column.type, *known), std::back_inserter(texts));
          }
          break;
        }
        case kind::any: texts.emplace_back(any_type); break;
      }
    }
    return texts;
  }

  const filter& of_;
  const filter_facts& facts_;
  std::map<std::string, std::vector<std::string>> values_;
  std::uint32_t size_ = 0;
};

item_set filter::allowed(const filter_facts& facts, const filter_values& values) const {
  return application(*this, facts, values).allowed();
}

bool filter::admits(const filter_facts& facts, const filter_values& values) const {
  return application(*this, facts, values).allowed().contains(0);
}

bool filter::admits_unknown() const {
  return std::ranges::none_of(expression_.clauses, [](const filter_clause& clause) { return clause.include; });
}

}  // namespace eunomia::recommend
