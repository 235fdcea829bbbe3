// Tags of resources.
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

using core::json_value;
namespace sql = store::sql;

void add_tags(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("TagResource", builders(), [in](const json_value& input, const http::request&) {
    const auto more = tags_in(input);
    const std::string arn = required_text(input, "resourceArn");
    try {
      in.known.change([&](sql::transaction& change) { resources::add_tags(change, arn, more); });
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::resource_exhausted) {
        throw aws::exception("TooManyTagsException", problem.what());
      }
      throw;
    }
    return nothing_to_say();
  });
  to.add<json_value, json_value>("UntagResource", builders(), [in](const json_value& input, const http::request&) {
    std::vector<std::string> keys;
    for (const json_value& one : member_of(input, "tagKeys")->elements()) {
      keys.push_back(one.text());
    }
    const std::string arn = required_text(input, "resourceArn");
    in.known.change([&](sql::transaction& change) { resources::remove_tags(change, arn, keys); });
    return nothing_to_say();
  });
  to.add<json_value, json_value>("ListTagsForResource", readers(), [in](const json_value& input, const http::request&) {
    json_value all = json_value::of_array();
    for (const tag& one : in.made.tags_of(required_text(input, "resourceArn"))) {
      all.append(with(object_of("tagKey", one.key), "tagValue", one.value));
    }
    return with(json_value::of_object(), "tags", std::move(all));
  });
}

}  // namespace eunomia::wire::personalize
