#include "wire/personalize/descriptions.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "recommend/avro_schema.h"
#include "wire/http/text.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/page_token.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;
namespace sql = store::sql;

std::uint16_t output_of(const aws::service_model& model, std::string_view operation_name) {
  const aws::operation* const found = model.find(operation_name);
  if (found == nullptr || found->output == aws::no_shape) {
    throw core::error(core::errc::internal, fmt::format("the service model has no output of {}", operation_name));
  }
  return found->output;
}

// The member of a list's input that names what the listed belong to; empty: none does.
std::string parent_member(const aws::service_model& model, std::string_view operation_name) {
  for (const aws::member& one : model.shapes[model.find(operation_name)->input].members) {
    if (one.name != "nextToken" && one.name != "maxResults") {
      return std::string(one.name);
    }
  }
  return {};
}

}  // namespace

std::string camel_name(resource_kind kind) {
  std::string name;
  bool next_is_upper = false;
  for (const char c : name_of(kind)) {
    if (c == '-') {
      next_is_upper = true;
    } else {
      name += next_is_upper ? http::upper(c) : c;
      next_is_upper = false;
    }
  }
  return name;
}

std::string pascal_name(resource_kind kind) {
  std::string name = camel_name(kind);
  name.front() = http::upper(name.front());
  return name;
}

json_value known_of(const resource& one) {
  json_value known = with(one.shown, camel_name(one.kind) + "Arn", one.arn);
  known = with(std::move(known), "status", one.status);
  known = with(std::move(known), "creationDateTime", of_moment(one.created_at));
  known = with(std::move(known), "lastUpdatedDateTime", of_moment(one.updated_at));
  return one.failure_reason.empty() ? known : with(std::move(known), "failureReason", one.failure_reason);
}

void add_description(aws::json_service& to, const house& in, resource_kind kind, const adornment& also) {
  const std::string operation_name = "Describe" + pascal_name(kind);
  const aws::service_model& model = to.model();
  const std::uint16_t output = output_of(model, operation_name);
  to.add<json_value, json_value>(
      operation_name, readers(),
      [&model, output, in, kind, member = camel_name(kind), also](const json_value& input, const http::request&) {
        const resource one = in.made.find(kind, required_text(input, member + "Arn"));
        json_value known = known_of(one);
        if (also) {
          known = also(one, std::move(known));
        }
        return shown_as(model, output, with(json_value::of_object(), member, std::move(known)));
      });
}

void add_list(aws::json_service& to, const house& in, resource_kind kind) {
  const std::string operation_name = "List" + pascal_name(kind) + "s";
  const aws::service_model& model = to.model();
  const std::uint16_t output = output_of(model, operation_name);
  // "Filters" is written in another way than all the others.
  const std::string member(model.shapes[output].members.front().name);
  to.add<json_value, json_value>(
      operation_name, readers(),
      [&model, output, in, kind, member, belongs = parent_member(model, operation_name)](const json_value& input,
                                                                                         const http::request&) {
        const auto parent = belongs.empty() ? std::nullopt : text_of(input, belongs);
        if (parent && !in.made.find_if_there(*parent)) {
          throw core::error(core::errc::not_found, fmt::format("{} {} does not exist", belongs, *parent));
        }
        const auto count = static_cast<std::size_t>(number_of(input, "maxResults").value_or(max_page));
        resource_page page;
        try {
          page = in.made.list(kind, parent, count, text_of(input, "nextToken").value_or(""));
        } catch (const core::error& problem) {
          if (problem.code() == core::errc::invalid_argument) {
            throw aws::exception("InvalidNextTokenException", problem.what());
          }
          throw;
        }
        json_value all = json_value::of_array();
        for (const resource& one : page.items) {
          all.append(known_of(one));
        }
        json_value answer = with(json_value::of_object(), member, std::move(all));
        if (!page.next_token.empty()) {
          answer = with(std::move(answer), "nextToken", page.next_token);
        }
        return shown_as(model, output, answer);
      });
}

void add_views(aws::json_service& to, const house& in, resource_kind kind, const adornment& also) {
  add_description(to, in, kind, also);
  add_list(to, in, kind);
}

json_value arn_answer(resource_kind kind, const std::string& arn) {
  return object_of(camel_name(kind) + "Arn", arn);
}

json_value page_of(const json_value& input, std::string_view member, const std::vector<json_value>& all) {
  const auto count = static_cast<std::size_t>(number_of(input, "maxResults").value_or(max_page));
  const auto token = text_of(input, "nextToken");
  std::size_t at = 0;
  try {
    at = token ? static_cast<std::size_t>(last_of_token(*token)) : 0;
  } catch (const core::error& problem) {
    throw aws::exception("InvalidNextTokenException", problem.what());
  }
  json_value page = json_value::of_array();
  for (; at < all.size() && page.elements().size() < count; ++at) {
    page.append(all[at]);
  }
  json_value answer = with(json_value::of_object(), member, std::move(page));
  return at < all.size() ? with(std::move(answer), "nextToken", token_after(static_cast<std::int64_t>(at))) : answer;
}

json_value nothing_to_say() {
  return json_value::of_object();
}

std::vector<tag> tags_in(const json_value& input) {
  std::vector<tag> tags;
  if (const json_value* const given = member_of(input, "tags")) {
    for (const json_value& one : given->elements()) {
      tags.push_back({required_text(one, "tagKey"), required_text(one, "tagValue")});
    }
  }
  if (tags.size() > max_tags) {
    throw aws::exception("TooManyTagsException",
                         fmt::format("{} tags were given, more than max_tags = {}", tags.size(), max_tags));
  }
  return tags;
}

resource resource_asked_for(const house& in, resource_kind kind, const json_value& input, std::string parent) {
  resource made;
  made.kind = kind;
  const auto name = text_of(input, "name");
  made.name = name ? *name : required_text(input, "jobName");
  made.arn = in.arns.arn_of(kind, made.name);
  made.parent = std::move(parent);
  made.shown = asked_for(input);
  return made;
}

void refuse_taken(const house& in, const resource& wanted) {
  if (in.made.find_if_there(wanted.arn)) {
    throw core::error(core::errc::already_exists,
                      fmt::format("Another resource with Amazon Resource Name (ARN) {} already exists.", wanted.arn));
  }
}

json_value make(const house& in, const resource& made, const json_value& input, const also_made& also) {
  const std::vector<tag> tags = tags_in(input);
  in.known.change([&](sql::transaction& change) {
    resource active = made;
    active.status = "ACTIVE";
    resources::add(change, std::move(active));
    resources::add_tags(change, made.arn, tags);
    if (also) {
      also(change);
    }
  });
  return arn_answer(made.kind, made.arn);
}

json_value begin(const house& in, const resource& made, const json_value& input, const also_made& also) {
  in.work.begin(made, tags_in(input), also);
  return arn_answer(made.kind, made.arn);
}

json_value asked_for(const json_value& input) {
  return without(input, "tags");
}

}  // namespace eunomia::wire::personalize
