<html><body>
<h1><?php echo htmlspecialchars($_GET['title']); ?></h1>
</body></html>
