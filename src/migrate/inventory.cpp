#include "migrate/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "migrate/json_members.h"

namespace eunomia::migrate {

namespace {

using core::errc;
using core::json_value;

std::string upper(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

std::string arn_member(const spelling& of) {
  return std::string(of.camel) + "Arn";
}

// Reads one side.
class reader {
 public:
  reader(wire::aws::json_client& from, const std::function<void(std::uint64_t)>& found) : from_(from), found_(found) {}

  inventory read(const group_names& only) {
    read_groups(only);
    for (const thing& group : groups_) {
      const json_value of_group = object_of("datasetGroupArn", group.arn);
      for (const kind is : {kind::dataset, kind::filter, kind::event_tracker, kind::solution, kind::recommender,
                            kind::metric_attribution}) {
        read_all(is, of_group, group.name);
      }
    }
    const std::vector<thing> solutions = of_kind(kind::solution);
    for (const thing& solution : solutions) {
      read_all(kind::campaign, object_of("solutionArn", solution.arn), solution.group);
    }
    read_schemas(!only.empty());
    inventory all;
    std::ranges::stable_sort(read_, {}, [](const thing& one) { return one.is; });
    for (thing& one : read_) {
      all.add(std::move(one));
    }
    return all;
  }

 private:
  void read_groups(const group_names& only) {
    const spelling& how = spelling_of(kind::dataset_group);
    for (const json_value& listed : from_.list("ListDatasetGroups", json_value::of_object(), how.listed)) {
      const std::string name = text_of(listed, "name");
      if (only.empty() || std::ranges::find(only, name) != only.end()) {
        describe(how, text_of(listed, arn_member(how)), "");
      }
    }
    groups_ = of_kind(kind::dataset_group);
    for (const std::string& name : only) {
      if (std::ranges::find(groups_, name, &thing::name) == groups_.end()) {
        throw core::error(errc::not_found,
                          fmt::format("{} has no dataset group \"{}\"; see --group", from_.at().url, name));
      }
    }
  }

  void read_schemas(bool only_used) {
    std::set<std::string> wanted;
    for (const thing& dataset : of_kind(kind::dataset)) {
      wanted.insert(text_of(dataset.described, "schemaArn"));
    }
    const spelling& how = spelling_of(kind::schema);
    for (const json_value& listed : from_.list("ListSchemas", json_value::of_object(), how.listed)) {
      const std::string arn = text_of(listed, arn_member(how));
      if (!only_used || wanted.contains(arn)) {
        describe(how, arn, "");
      }
    }
  }

  void read_all(kind is, const json_value& question, const std::string& group) {
    const spelling& how = spelling_of(is);
    for (const json_value& listed : from_.list(fmt::format("List{}s", how.pascal), question, how.listed)) {
      describe(how, text_of(listed, arn_member(how)), group);
    }
  }

  // What is deleted while it is read was not there.
  void describe(const spelling& how, const std::string& arn, const std::string& group) {
    thing one;
    one.is = how.is;
    one.arn = arn;
    one.group = group;
    try {
      const json_value answer = from_.call(fmt::format("Describe{}", how.pascal), object_of(arn_member(how), arn));
      const json_value* const described = member_of(answer, how.camel);
      if (described == nullptr) {
        throw core::error(errc::unavailable,
                          fmt::format("{} described {} without a member {}", from_.at().url, arn, how.camel));
      }
      one.described = *described;
      one.name = text_of(one.described, "name");
      if (how.is == kind::metric_attribution) {
        add_metrics(one);
      }
      if (how.tagged) {
        read_tags(one);
      }
    } catch (const core::error& problem) {
      if (problem.code() != errc::not_found) {
        throw;
      }
      return;
    }
    read_.push_back(std::move(one));
    found_(read_.size());
  }

  void add_metrics(thing& one) {
    json_value metrics = json_value::of_array();
    for (json_value& each :
         from_.list("ListMetricAttributionMetrics", object_of("metricAttributionArn", one.arn), "metrics")) {
      metrics.append(std::move(each));
    }
    one.described = with(std::move(one.described), "metrics", std::move(metrics));
  }

  void read_tags(thing& one) {
    const json_value answer = from_.call("ListTagsForResource", object_of("resourceArn", one.arn));
    if (const json_value* const tags = member_of(answer, "tags")) {
      for (const json_value& each : tags->elements()) {
        one.tags.push_back({text_of(each, "tagKey"), text_of(each, "tagValue")});
      }
    }
    // AWS's own may not be given by anybody.
    std::erase_if(one.tags, [](const tag& each) { return each.key.starts_with("aws:"); });
    std::ranges::sort(one.tags);
  }

  std::vector<thing> of_kind(kind is) const {
    std::vector<thing> some;
    std::ranges::copy_if(read_, std::back_inserter(some), [is](const thing& one) { return one.is == is; });
    return some;
  }

  wire::aws::json_client& from_;
  const std::function<void(std::uint64_t)>& found_;
  std::vector<thing> read_;
  std::vector<thing> groups_;
};

}  // namespace

std::string thing::status() const {
  return text_of(described, "status");
}

std::string thing::dataset_type() const {
  return upper(text_of(described, "datasetType"));
}

std::string thing::identity() const {
  const std::string_view words = spelling_of(is).words;
  switch (is) {
    case kind::dataset: return fmt::format("{}:{}/{}", words, group, dataset_type());
    case kind::event_tracker: return fmt::format("{}:{}", words, group);
    default: return fmt::format("{}:{}", words, name);
  }
}

void inventory::add(thing one) {
  const std::string identity = one.identity();
  if (!by_identity_.try_emplace(identity, things_.size()).second) {
    throw core::error(errc::invalid_argument, fmt::format("there are two of {}; names are unique", identity));
  }
  by_arn_.emplace(one.arn, things_.size());
  things_.push_back(std::move(one));
}

const thing* inventory::find(const std::string& identity) const {
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? nullptr : &things_[found->second];
}

const thing* inventory::find_arn(std::string_view arn) const {
  const auto found = by_arn_.find(arn);
  return found == by_arn_.end() ? nullptr : &things_[found->second];
}

inventory read_inventory(wire::aws::json_client& from, const group_names& only,
                         const std::function<void(std::uint64_t)>& found) {
  return reader(from, found).read(only);
}

std::string solution_arn_of(std::string_view version_arn) {
  return std::string(version_arn.substr(0, version_arn.rfind('/')));
}

}  // namespace eunomia::migrate
