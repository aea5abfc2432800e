// Tomcat as Spring's programs embed it, with Jackson.

import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

public class Witness extends HttpServlet {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setHeader("X-Witness", "tomcat");
        response.setContentType("application/json");
        Map<String, Object> reading = new LinkedHashMap<>();
        List<List<String>> files = new ArrayList<>();
        Object document = null;
        try {
            if (request.getCharacterEncoding() == null) {
                request.setCharacterEncoding("UTF-8");
            }
            String type = String.valueOf(request.getContentType()).toLowerCase();
            if (type.startsWith("multipart/")) {
                for (Part part : request.getParts()) {
                    if (part.getSubmittedFileName() != null) {
                        String content = new String(part.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                        files.add(List.of(part.getName(), part.getSubmittedFileName(), content));
                    }
                }
            } else if (!type.startsWith("application/x-www-form-urlencoded")) {
                document = json(request);
            }
            // Servlets see query and body as one.
            reading.put("query", request.getParameterMap());
            reading.put("form", request.getParameterMap());
        } catch (Exception error) {
            response.setStatus(400);
            return;
        }
        Map<String, Object> headers = new LinkedHashMap<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            headers.put(name, Collections.list(request.getHeaders(name)));
        }
        Map<String, List<String>> cookies = new LinkedHashMap<>();
        for (Cookie cookie : request.getCookies() == null ? new Cookie[0] : request.getCookies()) {
            cookies.computeIfAbsent(cookie.getName(), name -> new ArrayList<>()).add(cookie.getValue());
        }
        reading.put("path", request.getServletPath() + request.getPathInfo());
        reading.put("json", document);
        reading.put("files", files);
        reading.put("cookies", cookies);
        reading.put("headers", headers);
        response.getOutputStream().write(JSON.writeValueAsBytes(reading));
    }

    private static Object json(HttpServletRequest request) throws IOException {
        try {
            return JSON.readValue(request.getInputStream().readAllBytes(), Object.class);
        } catch (com.fasterxml.jackson.core.JacksonException error) {
            return null;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("").setLevel(Level.OFF);
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getProperty("user.dir") + "/tomcat");
        tomcat.setPort(Integer.parseInt(arguments[0]));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", System.getProperty("user.dir"));
        var servlet = Tomcat.addServlet(context, "echo", new Witness());
        servlet.setMultipartConfigElement(new MultipartConfigElement(System.getProperty("java.io.tmpdir")));
        context.addServletMappingDecoded("/*", "echo");
        tomcat.start();
        tomcat.getServer().await();
    }
}
