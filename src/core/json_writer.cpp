#include "core/json_writer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/utf8.h"

namespace eunomia::core {

namespace {

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void json_writer::name(std::string_view name) {
  assert(!levels_.empty() && !levels_.back().array && !named_);
  level& top = levels_.back();
  if (top.count++ > 0) {
    out_ += ',';
  }
  new_line();
  append_quoted(name);
  out_ += indentation_ > 0 ? ": " : ":";
  top.name = name;
  named_ = true;
}

void json_writer::null() {
  before_value();
  out_ += "null";
}

void json_writer::boolean(bool value) {
  before_value();
  out_ += value ? "true" : "false";
}

void json_writer::string(std::string_view value) {
  before_value();
  append_quoted(value);
}

void json_writer::number(std::int64_t value) {
  before_value();
  append_number(out_, value);
}

void json_writer::number(std::uint64_t value) {
  before_value();
  append_number(out_, value);
}

void json_writer::number(double value) {
  before_value();
  if (!std::isfinite(value)) {
    refuse_non_finite(value);
  }
  append_number(out_, value);
}

void json_writer::number(float value) {
  before_value();
  if (!std::isfinite(value)) {
    refuse_non_finite(value);
  }
  append_number(out_, value);
}

void json_writer::value(const json_value& value) {
  switch (value.type()) {
    case json_value::kind::null: return null();
    case json_value::kind::boolean: return boolean(value.boolean());
    case json_value::kind::string: return string(value.text());
    case json_value::kind::number:
      before_value();
      out_ += value.text();
      return;
    case json_value::kind::array:
      begin_array();
      for (const json_value& element : value.elements()) {
        this->value(element);
      }
      return end_array();
    case json_value::kind::object:
      begin_object();
      for (std::size_t i = 0; i < value.elements().size(); ++i) {
        name(value.names()[i]);
        this->value(value.elements()[i]);
      }
      return end_object();
  }
}

const std::string& json_writer::text() const& {
  assert(levels_.empty());
  return out_;
}

std::string json_writer::text() && {
  assert(levels_.empty());
  return std::move(out_);
}

void json_writer::open(char bracket, bool array) {
  before_value();
  out_ += bracket;
  levels_.push_back({array, 0, {}});
}

void json_writer::close(char bracket, [[maybe_unused]] bool array) {
  assert(!levels_.empty() && levels_.back().array == array && !named_);
  const bool empty = levels_.back().count == 0;
  levels_.pop_back();
  if (!empty) {
    new_line();
  }
  out_ += bracket;
}

void json_writer::before_value() {
  if (levels_.empty()) {
    assert(out_.empty());  // one document
    return;
  }
  if (named_) {
    named_ = false;
    return;
  }
  level& top = levels_.back();
  assert(top.array);
  if (top.count++ > 0) {
    out_ += ',';
  }
  new_line();
}

void json_writer::new_line() {
  if (indentation_ > 0) {
    out_ += '\n';
    out_.append(levels_.size() * indentation_, ' ');
  }
}

void json_writer::append_quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out_ += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_sequence_at_front(text);
    if (length == 2 && c == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) {
      // U+0080 to U+009F: valid in JSON, but commands to some terminals.
      out_.append("\\u00") += hex[static_cast<unsigned char>(text[1]) >> 4];
      out_ += hex[text[1] & 0xF];
    } else if (length > 1) {
      out_ += text.substr(0, length);
    } else if (length == 0) {
      out_ += "\xEF\xBF\xBD";
    } else {
      switch (c) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        default:
          if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out_ += "\\u00";
            out_ += hex[static_cast<unsigned char>(c) >> 4];
            out_ += hex[c & 0xF];
          } else {
            out_ += c;
          }
      }
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out_ += '"';
}

void json_writer::refuse_non_finite(double value) const {
  std::string path = "$";
  for (const level& at : levels_) {
    if (at.array) {
      path.append("[").append(std::to_string(at.count - 1)).append("]");
    } else {
      path.append(".").append(at.name);
    }
  }
  throw error(errc::invalid_argument, path + ": " + (std::isnan(value) ? "NaN" : "infinity") +
                                          " has no form in JSON; leave the value out or make it optional");
}

}  // namespace eunomia::core
