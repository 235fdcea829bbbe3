#include "core/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json_writer.h"
#include "core/published.h"
#include "core/time.h"
#include "core/utf8.h"

namespace eunomia::core::log {

namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error", "off"};

struct output {
  format form;
  std::shared_ptr<spdlog::sinks::sink> sink;
};

std::shared_ptr<const output> make_output(const settings& to) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (to.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    open_file(to.file, O_WRONLY | O_CREAT | O_APPEND, 0600);  // with our errors and rights, which spdlog has not
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(to.file.string());
  }
  sink->set_pattern("%v");
  return std::make_shared<const output>(output{to.form, std::move(sink)});
}

struct process_log {
  std::atomic<level> least = level::info;
  published<output> out{make_output({})};
};

// Never destroyed: what runs at exit may still log.
process_log& the_log() {
  static auto* const log = new process_log;
  return *log;
}

std::string json_string(std::string_view text) {
  json_writer out;
  out.string(text);
  return std::move(out).text();
}

// At most max_value_bytes of it, not ending inside a UTF-8 sequence.
std::string shortened(std::string_view text) {
  if (text.size() <= max_value_bytes) {
    return std::string(text);
  }
  std::size_t end = max_value_bytes;
  for (int back = 0; back < 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80; ++back) {
    --end;
  }
  return std::string(text.substr(0, end)) + "... (" + std::to_string(text.size()) + " bytes)";
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-.:/+@%,").find(c) != std::string_view::npos;
  });
}

std::string number_text(double value) {
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

// A value as text; strings are quoted unless they are plain, in JSON always, and so is a number JSON has no form for.
std::string value_text(format form, const field::any& value) {
  return std::visit(
      [&](const auto& v) -> std::string {
        using type = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<type, std::string_view>) {
          return form == format::text && is_plain(v) && v.size() <= max_value_bytes ? std::string(v)
                                                                                    : json_string(shortened(v));
        } else if constexpr (std::is_same_v<type, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<type, double>) {
          return form == format::json && !std::isfinite(v) ? json_string(number_text(v)) : number_text(v);
        } else {
          return std::to_string(v);
        }
      },
      value);
}

}  // namespace

level level_of(std::string_view name) {
  const auto at = std::find(level_names.begin(), level_names.end(), name);
  if (at == level_names.end()) {
    throw core::error(errc::invalid_argument,
                      "log level " + json_string(shortened(name)) + ": expected debug, info, warning, error or off");
  }
  return static_cast<level>(at - level_names.begin());
}

std::string_view name_of(level l) noexcept {
  return level_names[static_cast<std::size_t>(l)];
}

void configure(const settings& to) {
  auto out = make_output(to);
  the_log().out.publish(std::move(out));
  the_log().least = to.least;
}

bool enabled(level at) noexcept {
  return at != level::off && at >= the_log().least.load(std::memory_order_relaxed);
}

void write(level at, std::string_view message, fields values) {
  if (!enabled(at)) {
    return;
  }
  const auto out = the_log().out.current();
  const std::string line = line_of(out->form, now_ms(), at, message, values);
  out->sink->log(spdlog::details::log_msg(spdlog::source_loc{}, "", spdlog::level::info, line));
  out->sink->flush();
}

std::string line_of(format form, std::int64_t time_ms, level at, std::string_view message, fields values) {
  const bool json = form == format::json;
  const std::string_view equals = json ? "\":" : "=";
  const std::string_view next = json ? ",\"" : " ";
  std::string line = json ? "{\"" : "";
  const auto add = [&](std::string_view name, const field::any& value) {
    line.append(name).append(equals).append(value_text(form, value));
  };
  const std::string time = format_iso8601(time_ms);
  add("time", std::string_view(time));
  line += next;
  add("level", name_of(at));
  line += next;
  add("message", message);
  for (const field& value : values) {
    line += next;
    add(value.name, value.value);
  }
  return json ? line + "}" : line;
}

}  // namespace eunomia::core::log
