#include "wire/personalize/stored_files.h"

#include <span>
#include <vector>

#include "core/file.h"
#include "core/file_time.h"

namespace eunomia::wire::personalize {

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

}  // namespace

std::vector<std::string> stored_files::keys(const std::string& bucket, std::string_view prefix) {
  const object::bucket_record in = objects_.bucket(bucket);
  std::vector<std::string> all;
  object::list_question asked;
  asked.prefix = prefix;
  do {
    object::listing page = objects_.list(in, asked);
    for (object::listed_object& one : page.objects) {
      all.push_back(std::move(one.key));
    }
    asked.after = page.last;
  } while (!asked.after.empty());
  return all;
}

void stored_files::fetch(const std::string& bucket, const std::string& key, const std::filesystem::path& into) {
  const auto from = objects_.open(objects_.bucket(bucket), key);
  core::atomic_file file(into, from->info().size);
  std::vector<std::byte> piece(piece_bytes);
  for (std::uint64_t at = 0; at < from->info().size;) {
    const std::size_t count = from->read(at, piece);
    file.write(std::span(piece).first(count));
    at += count;
  }
  file.commit();
  core::set_last_written_ms(into, from->info().modified_at);
}

void stored_files::put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                       std::string_view type) {
  object::put_question asked;
  asked.key = key;
  asked.headers.content_type = type;
  object::file_content bytes(from);
  objects_.put(objects_.bucket(bucket), asked, bytes);
}

}  // namespace eunomia::wire::personalize
