#pragma once

#include <cstdint>
#include <string>

#include "store/sql/database.h"

// What the writer and the one who checks agree on: everything about number n follows from n.
namespace eunomia::fault {

inline constexpr store::sql::migration migrations[] = {
    {"fault", 1,
     "CREATE TABLE pair (number BIGINT NOT NULL, side BIGINT NOT NULL, note {text} NOT NULL, "
     "PRIMARY KEY (number, side))"},
    {"fault", 2, "CREATE TABLE blob (key {text} PRIMARY KEY, size BIGINT NOT NULL, digest {text} NOT NULL)"}};

// Numbers of one run lie together and in no other's way.
inline std::int64_t first_number(std::int64_t run, std::int64_t thread) {
  return (run * 8 + thread) * 1'000'000;
}

inline std::string note_of(std::int64_t number, std::int64_t side) {
  return std::string(static_cast<std::size_t>(number % 700), static_cast<char>('a' + (number + side) % 26));
}

// Up to 300 kB, so that kills also fall between two writes of one blob.
inline std::string blob_content(std::int64_t number) {
  const std::string line = "blob " + std::to_string(number) + "\n";
  std::string content;
  for (std::int64_t i = 0; i < number * 7919 % 30'000; ++i) {
    content += line;
  }
  return content;
}

inline std::string blob_key(std::int64_t number) {
  return "fault/" + std::to_string(number % 5) + "/" + std::to_string(number);
}

// A manifest is one number many times over: a mixture of two would show.
inline std::string manifest_content(std::int64_t number) {
  std::string content;
  for (int i = 0; i < 5000; ++i) {
    content += std::to_string(number) + "\n";
  }
  return content;
}

inline std::string identifier(std::int64_t number) {
  return "person-" + std::to_string(number) + "@example.org";
}

}  // namespace eunomia::fault
