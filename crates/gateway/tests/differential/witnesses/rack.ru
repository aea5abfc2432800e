# Rack behind puma. Strings are bytes; each leaves as one character.
require "json"
require "rack"

def characters(value)
  case value
  when Hash
    if value.key?(:tempfile)
      value[:tempfile].rewind
      { "file" => [characters(value[:name]), characters(value[:filename]), characters(value[:tempfile].read)] }
    else
      value.to_h { |name, item| [characters(name.to_s), characters(item)] }
    end
  when Array then value.map { |item| characters(item) }
  when Float then value.finite? ? value : value.to_s
  when String then value.b.force_encoding("ISO-8859-1").encode("UTF-8")
  else value
  end
end

def collect(value, files)
  case value
  when Hash
    files << value["file"] if value["file"].is_a?(Array)
    value.each_value { |item| collect(item, files) }
  when Array then value.each { |item| collect(item, files) }
  end
  files
end

echo = lambda do |env|
  request = Rack::Request.new(env)
  raw = request.body ? request.body.read : ""
  request.body.rewind if request.body.respond_to?(:rewind)
  document = begin
    JSON.parse(raw)
  rescue StandardError
    nil
  end
  form = characters(request.POST)
  # The answer has the uploads in a list of their own.
  files = collect(form, [])
  fields = form.reject { |_, value| value.is_a?(Hash) && value["file"].is_a?(Array) }
  headers = env.select { |name, _| name.start_with?("HTTP_") }
  headers = headers.to_h { |name, value| [name.delete_prefix("HTTP_").downcase.tr("_", "-"), characters(value)] }
  body = JSON.generate(
    bytes: true, path: characters(env["PATH_INFO"]), query: characters(request.GET), form: fields,
    files: files, json: characters(document), cookies: characters(request.cookies), headers: headers
  )
  [200, { "content-type" => "application/json", "x-witness" => "rack" }, [body]]
rescue StandardError => error
  [400, { "content-type" => "text/plain", "x-witness" => "rack" }, [error.class.to_s]]
end

run echo
