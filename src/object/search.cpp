#include "object/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/seal.h"
#include "object/gzip.h"
#include "object/refusal.h"
#include "subject/erasure/dismissed_finds.h"

namespace eunomia::object {

namespace {

constexpr std::size_t piece_read_bytes = 256 * 1024;

// Compressed in a way that is not read here.
bool is_opaque(object_reader& of) {
  std::array<std::byte, 4> first = {};
  const std::size_t size = of.read(0, first);
  const std::string_view begin(reinterpret_cast<const char*>(first.data()), size);
  return begin == "PAR1" || begin == "PK\x03\x04" || begin == "\x28\xB5\x2F\xFD" || begin.starts_with("BZh") ||
         begin.starts_with(
             "\xFD"
             "7z") ||
         begin == "ORC" || begin == "Obj\x01";
}

std::string texts_of(const object_info& of) {
  std::string all = of.headers.content_type;
  for (const auto* const each : {&of.headers.others, &of.headers.metadata}) {
    for (const auto& [name, value] : *each) {
      all.append("\n").append(name).append(": ").append(value);
    }
  }
  return all;
}

}  // namespace

std::string place_names::of(const bucket_record& bucket, std::string_view key) const {
  std::string place = fmt::format("{}{}/{}", subject::object_place, bucket.name, key);
  std::string hidden = place;
  subject::needle_search search(wanted_);
  search.take(core::as_bytes(place), [&](std::uint64_t at, std::size_t needle) {
    const std::size_t size = std::min(wanted_.length_of(needle), hidden.size() - at);
    std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(at), size, '*');
  });
  return hidden;
}

bool is_gzip(object_reader& of) {
  std::array<std::byte, 2> first = {};
  return of.read(0, first) == 2 && first[0] == std::byte{0x1F} && first[1] == std::byte{0x8B};
}

std::uint64_t read_all(content& from, const core::job& job, const std::function<void(core::bytes_view)>& take) {
  std::vector<std::byte> piece(piece_read_bytes);
  std::uint64_t total = 0;
  while (true) {
    job.check();
    const std::size_t got = from.read(piece);
    take(core::bytes_view(piece).first(got));
    total += got;
    if (got < piece.size()) {
      core::wipe(piece);
      return total;
    }
  }
}

std::unique_ptr<object_reader> opened(const object_store& objects, const object_store::placed_object& one) {
  try {
    return objects.open(one.bucket, one.object.key);
  } catch (const refusal& gone) {
    if (gone.why() == refused::no_such_key) {
      return nullptr;
    }
    throw;
  }
}

subject::searched_places search_objects(const object_store& objects, const subject::needles& wanted,
                                        const std::function<bool(std::string_view, std::size_t)>& excused,
                                        core::job& job, std::vector<found_in>& finds) {
  subject::searched_places result;
  const place_names names(wanted);
  std::uint64_t opaque = 0;
  std::size_t in_the_way = 0;  // finds in one object that nobody excused
  const auto look = [&](const std::string& place, content& from) {
    subject::needle_search search(wanted);
    return read_all(from, job, [&](core::bytes_view piece) {
      search.take(piece, [&](std::uint64_t at, std::size_t needle) {
        add_find(result.found, place, at, needle, excused);
        in_the_way += excused(place, needle) ? 0 : 1;
      });
    });
  };
  const auto look_at = [&](const std::string& place, object_reader& of) {
    const std::string said = of.info().key + "\n" + texts_of(of.info());
    memory_content texts(said);
    look(place, texts);
    range_content bytes(of, 0, of.info().size);
    result.found.bytes += look(place, bytes);
    ++result.found.files;
    if (is_gzip(of)) {
      range_content packed(of, 0, of.info().size);
      gunzipped plain(packed);
      try {
        look(place, plain);
      } catch (const core::error& problem) {
        if (problem.code() != core::errc::corrupt) {
          throw;
        }
        ++opaque;
      }
    } else if (is_opaque(of)) {
      ++opaque;
    }
  };
  const auto note = [&](found_in where) {
    if (in_the_way > 0 && finds.size() < subject::max_found_places) {
      finds.push_back(std::move(where));
    }
    in_the_way = 0;
  };
  for (const object_store::placed_object& one : objects.all()) {
    if (const auto reader = opened(objects, one)) {
      look_at(names.of(one.bucket, one.object.key), *reader);
      note({one.bucket, one.object.key, reader->info().id, {}});
    }
  }
  for (const bucket_record& bucket : objects.buckets()) {
    for (const upload_row& upload : objects.uploads(bucket)) {
      look_at(fmt::format("{}?uploadId={}", names.of(bucket, upload.key), upload.token), *objects.open_upload(upload));
      note({bucket, upload.key, 0, upload.token});
    }
  }
  if (opaque > 0) {
    result.remarks.push_back(fmt::format(
        "{} objects are compressed by another way than gzip (Parquet, ZIP and the like) and could not be looked into: "
        "whoever keeps them knows whom they name.",
        opaque));
  }
  return result;
}

bool is_gone(const object_store& objects, const found_in& one) {
  try {
    if (one.upload.empty()) {
      return objects.head(one.bucket, one.key).id != one.id;
    }
    objects.find_upload(one.bucket, one.key, one.upload);
    return false;
  } catch (const refusal&) {
    return true;
  }
}

}  // namespace eunomia::object
