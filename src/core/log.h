#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

// Structured logs: a fixed message and named values, one line each.
//
//   log::info("import finished", {{"rows", rows}, {"dataset", name}});
//   time=2026-03-01T09:30:00.125Z level=info message="import finished" rows=20 dataset="spring sale"
//
// The values may come from anybody: quotes, line breaks, control bytes and bytes that are not UTF-8 are escaped, and
// what is longer than max_value_bytes is cut, so that no value can forge a line or a field. What they are is up to the
// caller: never a raw identifier of a person, a payload, a token or a key.
//
// The log is the one thing that the whole process shares without passing it on. Safe from any thread.
namespace eunomia::core::log {

inline constexpr std::size_t max_value_bytes = 1024;

enum class level { debug, info, warning, error, off };
enum class format {
  text,  // time=... level=info message="..." key=value
  json   // {"time":"...","level":"info","message":"...","key":"value"}
};

// The level of its name. Throws errc::invalid_argument listing the names.
level level_of(std::string_view name);
std::string_view name_of(level l) noexcept;

struct settings {
  level least = level::info;
  format form = format::text;
  std::filesystem::path file = {};  // appended to, created for its owner only; empty: standard error
};

// Before this is called: info and above, text, standard error. Throws as core::throw_system_error does when the file
// cannot be written; then nothing has changed.
void configure(const settings& to);

struct field {
  using any = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view>;

  template <std::same_as<bool> T>
  field(std::string_view name_, T value_) : name(name_), value(value_) {}
  template <std::signed_integral T>
  field(std::string_view name_, T value_) : name(name_), value(std::int64_t{value_}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) field(std::string_view name_, T value_)
      : name(name_), value(std::uint64_t{value_}) {}
  field(std::string_view name_, double value_) : name(name_), value(value_) {}
  field(std::string_view name_, std::string_view value_) : name(name_), value(value_) {}
  field(std::string_view name_, const std::string& value_) : name(name_), value(std::string_view(value_)) {}
  field(std::string_view name_, const char* value_) : name(name_), value(std::string_view(value_)) {}

  std::string_view name;  // of the program's own making: letters, digits and _
  any value;              // a view lasts until the call returns
};
using fields = std::initializer_list<field>;

bool enabled(level at) noexcept;
void write(level at, std::string_view message, fields values);

inline void debug(std::string_view message, fields values = {}) {
  write(level::debug, message, values);
}
inline void info(std::string_view message, fields values = {}) {
  write(level::info, message, values);
}
inline void warning(std::string_view message, fields values = {}) {
  write(level::warning, message, values);
}
inline void error(std::string_view message, fields values = {}) {
  write(level::error, message, values);
}

// The line of an event, without its line break; what write() writes.
std::string line_of(format form, std::int64_t time_ms, level at, std::string_view message, fields values);

}  // namespace eunomia::core::log
