#include "wire/personalize/resource_cache.h"

#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

std::shared_ptr<const resource> resource_cache::find(resource_kind kind, std::string_view arn) {
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(arn); found != known_.end() && found->second->kind == kind) {
      return found->second;
    }
    changes = changes_;
  }
  auto one = std::make_shared<const resource>(made_.find(kind, arn));
  const std::lock_guard lock(mutex_);
  // What was read before a change is told once, and not kept.
  if (changes == changes_) {
    if (known_.size() >= max_cached) {
      known_.clear();
    }
    known_.insert_or_assign(one->arn, one);
  }
  return one;
}

std::shared_ptr<const recommend::avro_schema> resource_cache::schema(std::string_view arn) {
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = schemas_.find(arn); found != schemas_.end()) {
      return found->second;
    }
    changes = changes_;
  }
  auto one = std::make_shared<const recommend::avro_schema>(
      recommend::avro_schema::parse(required_text(made_.find(resource_kind::schema, arn).shown, "schema")));
  const std::lock_guard lock(mutex_);
  if (changes == changes_) {
    schemas_.insert_or_assign(std::string(arn), one);
  }
  return one;
}

void resource_cache::change(const std::function<void(store::sql::transaction& in)>& body) {
  try {
    sql_.write(body);
  } catch (...) {
    clear();
    throw;
  }
  clear();
}

void resource_cache::clear() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  known_.clear();
  schemas_.clear();
}

}  // namespace eunomia::wire::personalize
