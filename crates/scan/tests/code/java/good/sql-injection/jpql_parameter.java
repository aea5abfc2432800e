class People {
    Person find(HttpServletRequest request) {
        String name = request.getParameter("name");
        String jpql = "SELECT p FROM Person p WHERE p.name = :name";
        return entityManager.createQuery(jpql, Person.class).setParameter("name", name).getSingleResult();
    }
}
