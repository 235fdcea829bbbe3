#include "wire/http/metrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <variant>

namespace eunomia::wire::http {

namespace {

struct bound {
  double seconds;
  const char* text;  // as the label le has it
};
constexpr std::array<bound, 14> bounds = {{{0.0005, "0.0005"},
                                           {0.001, "0.001"},
                                           {0.0025, "0.0025"},
                                           {0.005, "0.005"},
                                           {0.01, "0.01"},
                                           {0.025, "0.025"},
                                           {0.05, "0.05"},
                                           {0.1, "0.1"},
                                           {0.25, "0.25"},
                                           {0.5, "0.5"},
                                           {1, "1"},
                                           {2.5, "2.5"},
                                           {5, "5"},
                                           {10, "10"}}};

std::string number_text(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) {
      out += '\\';
    }
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// a="1",b="2"
std::string label_text(const labels& with) {
  std::string out;
  for (const auto& [name, value] : with) {
    out.append(out.empty() ? "" : ",").append(name).append("=\"").append(escaped(value, true)).append("\"");
  }
  return out;
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, const std::string& with,
                   const std::string& value) {
  out.append(name).append(suffix);
  if (!with.empty()) {
    out.append("{").append(with).append("}");
  }
  out.append(" ").append(value).append("\n");
}

}  // namespace

struct metrics::family {
  using asked = std::function<double()>;
  using series = std::variant<std::unique_ptr<counter>, std::unique_ptr<histogram>, asked>;
  std::string help;
  std::map<std::string, series> by_labels;

  std::string_view type(std::string_view name) const {
    switch (by_labels.begin()->second.index()) {
      case 0: return "counter";
      case 1: return "histogram";
      // What only grows is a counter to Prometheus, and by convention named so.
      default: return name.ends_with("_total") ? "counter" : "gauge";
    }
  }
};

void histogram::observe(double seconds) noexcept {
  std::size_t bucket = 0;
  while (bucket < buckets && seconds > bounds[bucket].seconds) {
    ++bucket;
  }
  in_bucket_[bucket].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(seconds > 0 ? seconds * 1e9 : 0), std::memory_order_relaxed);
}

metrics::family& metrics::family_of(std::string_view name, std::string_view help) {
  auto at = families_.find(name);
  if (at == families_.end()) {
    at = families_.emplace(std::string(name), std::make_shared<family>()).first;
    at->second->help = help;
  }
  return *at->second;
}

counter& metrics::counter_of(std::string_view name, std::string_view help, const labels& with) {
  const std::lock_guard lock(mutex_);
  auto& series = family_of(name, help).by_labels[label_text(with)];
  auto* const held = std::get_if<std::unique_ptr<counter>>(&series);
  if (held == nullptr || !*held) {
    return *series.emplace<std::unique_ptr<counter>>(std::make_unique<counter>());
  }
  return **held;
}

histogram& metrics::histogram_of(std::string_view name, std::string_view help, const labels& with) {
  const std::lock_guard lock(mutex_);
  auto& series = family_of(name, help).by_labels[label_text(with)];
  auto* const held = std::get_if<std::unique_ptr<histogram>>(&series);
  if (held == nullptr || !*held) {
    return *series.emplace<std::unique_ptr<histogram>>(std::make_unique<histogram>());
  }
  return **held;
}

void metrics::gauge(std::string_view name, std::string_view help, std::function<double()> value, const labels& with) {
  const std::lock_guard lock(mutex_);
  family_of(name, help).by_labels[label_text(with)].emplace<family::asked>(std::move(value));
}

void metrics::append_histogram(std::string& out, std::string_view name, const std::string& with, const histogram& of) {
  const std::string comma = with.empty() ? "" : with + ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= histogram::buckets; ++i) {
    below += of.in_bucket_[i].load(std::memory_order_relaxed);
    const std::string bound = i < histogram::buckets ? std::string(bounds[i].text) : "+Inf";
    append_sample(out, name, "_bucket", std::string(comma).append("le=\"").append(bound).append("\""),
                  std::to_string(below));
  }
  append_sample(out, name, "_sum", with,
                number_text(static_cast<double>(of.nanoseconds_.load(std::memory_order_relaxed)) / 1e9));
  append_sample(out, name, "_count", with, std::to_string(below));
}

std::string metrics::text() const {
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, of] : families_) {
    out.append("# HELP ").append(name).append(" ").append(escaped(of->help, false)).append("\n# TYPE ");
    out.append(name).append(" ").append(of->type(name)).append("\n");
    for (const auto& [with, series] : of->by_labels) {
      if (const auto* count = std::get_if<std::unique_ptr<counter>>(&series)) {
        append_sample(out, name, "", with, std::to_string((*count)->value()));
      } else if (const auto* times = std::get_if<std::unique_ptr<histogram>>(&series)) {
        append_histogram(out, name, with, **times);
      } else {
        append_sample(out, name, "", with, number_text(std::get<family::asked>(series)()));
      }
    }
  }
  return out;
}

}  // namespace eunomia::wire::http
