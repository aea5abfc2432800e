<html><body>
<h1><?php echo $_GET['title']; ?></h1>
</body></html>
