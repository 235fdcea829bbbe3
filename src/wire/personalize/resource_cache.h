#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "recommend/avro_schema.h"
#include "store/sql/database.h"
#include "wire/personalize/resources.h"

namespace eunomia::wire::personalize {

// Resources in memory, for those who ask for the same ones a thousand times a second; whoever changes one does it by
// change(), after which nobody is given what was before. Any thread.
class resource_cache {
 public:
  static constexpr std::size_t max_cached = 10'000;

  resource_cache(store::sql::database& sql, const resources& made) : sql_(sql), made_(made) {}

  // Throws as resources::find.
  std::shared_ptr<const resource> find(resource_kind kind, std::string_view arn);
  // A schema's, read. Throws as resources::find.
  std::shared_ptr<const recommend::avro_schema> schema(std::string_view arn);
  void change(const std::function<void(store::sql::transaction& in)>& body);
  // They were changed elsewhere.
  void clear();

 private:
  store::sql::database& sql_;
  const resources& made_;
  std::mutex mutex_;
  std::uint64_t changes_ = 0;
  std::map<std::string, std::shared_ptr<const resource>, std::less<>> known_;
  std::map<std::string, std::shared_ptr<const recommend::avro_schema>, std::less<>> schemas_;
};

}  // namespace eunomia::wire::personalize
