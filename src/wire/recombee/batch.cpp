#include "wire/recombee/batch.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "wire/http/target.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> all;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    all.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

// What stands for the {names} of a pattern; nothing where it does not fit.
std::optional<std::map<std::string, std::string>> matched(std::string_view pattern,
                                                          const std::vector<std::string_view>& path) {
  const auto parts = segments_of(pattern);
  if (parts.size() != path.size()) {
    return std::nullopt;
  }
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with("{")) {
      auto value = http::percent_decoded(path[i], false);
      if (!value || value->empty()) {
        return std::nullopt;
      }
      values.emplace(parts[i].substr(1, parts[i].size() - 2), *std::move(value));
    } else if (parts[i] != path[i]) {
      return std::nullopt;
    }
  }
  return values;
}

class batch {
 public:
  batch(const house& in, const operation_table& all, std::string name, const http::identity& who, bool distinct)
      : in_(in), all_(all), name_(std::move(name)), who_(who), distinct_(distinct) {
    open();
  }

  void run(const json_value& request) {
    const std::size_t place = replies_.size();
    replies_.emplace_back();
    try {
      replies_[place] = run_until_current(parameters(request), place);
    } catch (const std::exception& problem) {
      replies_[place] = refusal_of(problem);
    }
    if (writes_->size() >= most_pending) {
      flush();
    }
  }

  json_value end() {
    flush();
    json_value list = json_value::of_array();
    for (reply& one : replies_) {
      json_value entry = json_value::of_object();
      entry.append("code", of_integer(one.status));
      entry.append("json", std::move(one.body));
      list.append(std::move(entry));
    }
    return list;
  }

 private:
  void open() {
    writes_.reset();
    database_ = in_.open.open(name_, true);
    writes_.emplace(in_, *database_);
  }

  reply run_until_current(const parameters& request, std::size_t place) {
    constexpr int max_attempts = 5;
    for (int attempt = 1; attempt <= max_attempts; ++attempt) {
      try {
        return run_one(request, place);
      } catch (const database_was_changed&) {
        flush();
        open();
      }
    }
    return refusal(503, "The database's properties are being changed; send the request again");
  }

  reply run_one(const parameters& request, std::size_t place) {
    const auto verb = http::method_named(request.text("method").value_or("GET"));
    http::request target;
    const std::string path = request.required_text("path");
    if (!verb || http::read_target(path, target)) {
      refuse_parameter("path", "is a path, and method one of GET, PUT, POST and DELETE");
    }
    const auto found = all_.find(*verb, http::raw_path_of(path));
    if (found.what == nullptr) {
      return refusal(404, "There is no such request; look at its method and path");
    }
    if (!found.what->who.allows(who_.as)) {
      return refusal(403, "The token's role does not allow this request");
    }
    const json_value* const given = request.find("params");
    if (!found.what->gathers) {
      flush();
    }
    call of{in_,
            database_,
            found.path,
            parameters_of(given == nullptr ? json_value::of_object() : *given, target.query),
            who_,
            *writes_,
            distinct_ ? &shown_ : nullptr};
    reply with = found.what->run(of);
    if (found.what->gathers) {
      gathered_.push_back(place);
    } else {
      writes_->flush();
      if (*verb != http::method::get) {
        open();  // it may have changed the database's columns
      }
    }
    return with;
  }

  // What could not be stored is told to all whose it was: none of it, or not all, rests.
  void flush() {
    const auto places = std::move(gathered_);
    gathered_.clear();
    try {
      writes_->flush();
    } catch (const std::exception& problem) {
      for (const std::size_t place : places) {
        replies_[place] = refusal_of(problem);
      }
    }
  }

  const house& in_;
  const operation_table& all_;
  const std::string name_;
  const http::identity& who_;
  const bool distinct_;
  std::shared_ptr<database> database_;
  std::optional<pending_writes> writes_;
  std::map<std::string, std::set<std::string>> shown_;
  std::vector<reply> replies_;
  std::vector<std::size_t> gathered_;  // places of the replies whose writes are pending
};

}  // namespace

operation_table::operation_table() {
  add_items(all_);
  add_properties(all_);
  add_users(all_);
  add_interactions(all_);
  add_recommendations(all_);
  add_user_recommendations(all_);
  add_segment_recommendations(all_);
  add_composite(all_);
  add_search(all_);
  add_segmentations(all_);
  add_series(all_);
  add_database(all_);
}

operation_table::match operation_table::find(http::method verb, std::string_view path) const {
  const auto segments = segments_of(path);
  match found;
  for (const operation& one : all_) {
    if (one.verb != verb) {
      continue;
    }
    // A literal goes before a name, as it does in the router.
    if (auto values = matched(one.path, segments);
        values && (found.what == nullptr || values->size() < found.path.size())) {
      found = {&one, *std::move(values)};
    }
  }
  return found;
}

parameters parameters_of(json_value body, const std::vector<http::parameter>& query) {
  if (body.type() == json_value::kind::null) {
    body = json_value::of_object();
  }
  if (body.type() == json_value::kind::object) {
    for (const http::parameter& one : query) {
      if (!one.name.starts_with("hmac_") && body.find(one.name) == nullptr) {
        body.append(one.name, of_text(one.value));
      }
    }
  }
  return parameters(std::move(body));
}

reply refusal_of(const std::exception& problem) {
  const auto* const known = dynamic_cast<const core::error*>(&problem);
  const http::failure why =
      http::failure_of(known != nullptr ? *known : core::error(core::errc::internal, "something went wrong here"));
  if (why.status == 500) {
    core::log::error("a request of Recombee's failed", {{"reason", core::kept_message_of(problem)}});
  }
  return refusal(why.status, why.message);
}

json_value run_batch(const house& in, const operation_table& all, const std::string& database,
                     const json_value& requests, const http::identity& who, bool distinct) {
  batch running(in, all, database, who, distinct);
  for (const json_value& one : requests.elements()) {
    running.run(one);
  }
  return running.end();
}

}  // namespace eunomia::wire::recombee
